import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { failWithMessage } from './lib/command.ts';
import { folderForTestData } from './lib/test-data.ts';

/**
 * The projects of vitest.config.ts in two runs side by side: one mostly waits (for rooms to fall asleep, for processes to
 * start and to end), the other mostly computes. One run would have them one after the other.
 */
const RUNS = {
  system: ['system'],
  worker: ['yjs', 'worker', 'worker-alone', 'mirror'],
} as const;
type Run = keyof typeof RUNS;

/** What vitest's JSON reporter tells, as far as it is read here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** Runs every test, after all checks. The last line tells how many tests passed and failed. */
async function main(): Promise<void> {
  if (process.argv.length > 2)
    throw new Error('It takes no arguments. For some tests alone: npx vitest run FILE');
  if ((await run('npm', ['run', '--silent', 'check'])) !== 0)
    throw new Error('The checks failed; no test was run.');
  const folder = await mkdtemp(path.join(await folderForTestData(), 'roomkeeper-test-'));
  // The user whom root runs Postgres as must reach what is in it.
  await chmod(folder, 0o711);
  // Of this process, and so of all that it starts.
  process.env['TMPDIR'] = folder;
  try {
    const results = await Promise.all([runTests('system', folder), runTests('worker', folder)]);
    for (const { name, code, failed } of results) {
      if (code !== 0 && failed === 0) console.log(`${name}: failed outside any test (exit code ${code}).`);
    }
    if (results.some(({ code }) => code !== 0)) process.exitCode = 1;
    const total = (of: 'passed' | 'failed') => results.reduce((sum, result) => sum + result[of], 0);
    console.log(`${total('passed')} passed, ${total('failed')} failed`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function runTests(name: Run, folder: string) {
  const file = path.join(folder, `${name}.json`);
  const projects = RUNS[name].flatMap((project) => ['--project', project]);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const code = await run('vitest', ['run', ...projects, ...reporters]);
  const report = await readReport(file);
  // A file that could not be loaded, or not be prepared, has no test that failed.
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  return { name, code, passed: report.numPassedTests, failed: report.numFailedTests + unloaded.length };
}

/** Of a run that ended before it could report, a report of nothing. */
async function readReport(file: string): Promise<Report> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text === '' ? { numPassedTests: 0, numFailedTests: 0, testResults: [] } : JSON.parse(text);
}

/** Passes on what a command prints, whole lines at a time, since others print meanwhile. @returns its exit code */
function run(command: string, args: readonly string[]): Promise<number | null> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    createInterface({ input: child.stdout }).on('line', (line) => console.log(line));
    createInterface({ input: child.stderr }).on('line', (line) => console.error(line));
    child.once('error', reject);
    child.once('close', resolve);
  });
}

main().catch(failWithMessage);
