import { randomInt, randomUUID } from 'node:crypto';
import { parseArgs } from 'node:util';
import { LAWS, type NamedLaw } from '../test/conformance/laws.ts';
import type { Settings, Target } from '../test/conformance/server.ts';
import { type Outcome, tryLaw } from '../test/conformance/try-law.ts';
import { failWithMessage } from './lib/command.ts';

const HELP = `Tests a running y-websocket server against the laws of the conformance suite.

  npm run conformance -- --url ws://HOST:PORT/PATH [options]

  --url URL          the base URL of rooms; /ROOM is appended
  --param KEY=VALUE  a query parameter, for example token=…; repeatable
  --seed N           the seed of all random choices (default: a new seed, printed)
  --trace FILE       replay this concurrent editing trace (docs/internals/conformance.md) instead of a generated history
  --only TEXT        only laws with this text in their name
  --timeout SECONDS  for one law (default 90)
  --help             this text

The exit code is 0 if no law is broken, otherwise 1.`;

interface Options {
  readonly target: Target;
  readonly settings: Settings;
  readonly laws: readonly NamedLaw[];
  readonly timeoutMs: number;
}

const MAX_SEED = 2 ** 32 - 1;

async function main(): Promise<void> {
  const options = readOptions();
  if (options === null) return console.log(HELP);
  const { target, settings, laws, timeoutMs } = options;
  console.log(`Server  ${target.url}`);
  console.log(`Seed    ${settings.seed}\n`);
  const rows: { name: string; outcome: Outcome }[] = [];
  for (const { name, law } of laws) {
    console.log(`Testing: ${name}`);
    const outcome = await tryLaw(law, target, settings, timeoutMs);
    console.log(`         ${outcome.verdict} (${(outcome.ms / 1000).toFixed(1)} s)`);
    rows.push({ name, outcome });
  }
  printTable(rows);
  process.exit(rows.some(({ outcome }) => outcome.verdict === 'broken') ? 1 : 0);
}

function printTable(rows: readonly { name: string; outcome: Outcome }[]): void {
  const width = Math.max(...rows.map(({ name }) => name.length));
  console.log(`\n${'Law'.padEnd(width)}  Verdict    Reason`);
  for (const { name, outcome } of rows)
    console.log(`${name.padEnd(width)}  ${outcome.verdict.padEnd(9)}  ${outcome.reason}`.trimEnd());
  const count = (verdict: Outcome['verdict']): number =>
    rows.filter(({ outcome }) => outcome.verdict === verdict).length;
  console.log(`\n${count('kept')} kept, ${count('broken')} broken`);
}

/** `null` for --help. */
function readOptions(): Options | null {
  const { values } = parseArgs({
    options: {
      url: { type: 'string' },
      param: { type: 'string', multiple: true, default: [] },
      seed: { type: 'string' },
      trace: { type: 'string' },
      only: { type: 'string', default: '' },
      timeout: { type: 'string', default: '90' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  if (values.url === undefined || !/^wss?:$/.test(URL.parse(values.url)?.protocol ?? ''))
    throw new Error('--url must be a ws:// or wss:// URL, for example ws://localhost:1234.');
  const laws = LAWS.filter(({ name }) => name.includes(values.only));
  if (laws.length === 0)
    throw new Error(`No law has "${values.only}" in its name. Choose a different --only.`);
  return {
    target: { url: values.url, room: () => `conformance-${randomUUID()}`, params: readParams(values.param) },
    settings: {
      seed: values.seed === undefined ? randomInt(MAX_SEED) : readWholeNumber('--seed', values.seed),
      traceFile: values.trace,
    },
    laws,
    timeoutMs: readWholeNumber('--timeout', values.timeout) * 1000,
  };
}

function readParams(params: readonly string[]): Record<string, string> {
  const pairs = params.map((param): [string, string] => {
    const at = param.indexOf('=');
    if (at < 1) throw new Error(`--param must be KEY=VALUE, not "${param}".`);
    return [param.slice(0, at), param.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

function readWholeNumber(option: string, value: string): number {
  const number = Number(value);
  if (!/^\d+$/.test(value) || number > MAX_SEED)
    throw new Error(`${option} must be a whole number, not "${value}".`);
  return number;
}

try {
  await main();
} catch (error) {
  failWithMessage(error);
}
