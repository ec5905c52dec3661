import { stripVTControlCharacters } from 'node:util';
import { failWithMessage } from './lib/command.ts';
import { DEV_HELP, readDevOptions } from './lib/dev-options.ts';
import { printableLog } from './lib/printable.ts';
import { DevSystem } from './lib/dev-system.ts';

/** npm forwards Ctrl-C, which the terminal has sent too. Only a later signal stops at once. */
const SECOND_SIGNAL_AFTER_MS = 1_000;
const PARENT_POLL_MS = 1_000;
const SOURCE_WIDTH = 8;

function report(source: string, line: string): void {
  const shown = printableLog(process.stdout.isTTY ? line : stripVTControlCharacters(line));
  if (shown.trim() !== '') console.log(`${source.padEnd(SOURCE_WIDTH)} | ${shown}`);
}

async function main(): Promise<void> {
  const options = readDevOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(DEV_HELP);
    return;
  }
  const system = new DevSystem(options, report);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => (stopping ??= system.stop());
  onStopRequested(() => {
    report('dev', 'Stopping.');
    stop().then(() => process.exit(), exitWithMessage);
  });

  try {
    const { port, postgresUrl, workerEnded } = await system.start();
    const at = `localhost:${port}`;
    console.log(`Dashboard  http://${at}/dashboard`);
    console.log(`Sync       ws://${at}/users/{userId}/documents  ws://${at}/users/{userId}/workspaces`);
    console.log(postgresUrl === undefined ? 'Mirror     off (--no-mirror)' : `Mirror     ${postgresUrl}`);
    await workerEnded;
    if (stopping === undefined) throw new Error('The Worker has ended. See its messages above.');
    await stopping;
  } catch (error) {
    const isStopping = stopping !== undefined;
    await stop();
    if (!isStopping) throw error;
  }
}

/** Calls `stop` at the first signal. A second signal exits at once, with all children. */
function onStopRequested(stop: () => void): void {
  let since: number | undefined;
  const request = (): void => {
    if (since === undefined) {
      since = Date.now();
      stop();
    } else if (Date.now() - since > SECOND_SIGNAL_AFTER_MS) {
      process.exit(1);
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, request);
  // npm's shell may exit without forwarding the signal.
  const parent = process.ppid;
  if (process.env['npm_lifecycle_event'] !== undefined) {
    setInterval(() => {
      if (process.ppid !== parent && since === undefined) request();
    }, PARENT_POLL_MS).unref();
  }
}

function exitWithMessage(error: unknown): never {
  failWithMessage(error);
  process.exit();
}

main().then(() => process.exit(), exitWithMessage);
