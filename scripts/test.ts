import { spawn } from 'node:child_process';
import { chmod, mkdtemp, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { createInterface } from 'node:readline';
import { failWithMessage } from './lib/command.ts';
import { folderForTestData } from './lib/test-data.ts';

/** Projects of vitest.config.ts. The lists of a part run in parallel: one mostly waits, the other mostly computes. */
const PARTS = {
  all: [['system'], ['node', 'worker', 'worker-alone', 'mirror']],
  fast: [['node', 'worker']],
  slow: [['slow']],
} as const;
type Part = keyof typeof PARTS;

const HELP = `Runs the checks and the tests.

  npm test             everything but the slow tests
  npm run test:fast    no checks; tests of updates as bytes, and of the Worker in workerd, that take a moment
  npm run test:slow    no checks; tests that wait, or that start wrangler again and again
  npx vitest run FILE  some tests`;

/** Excluded from the part `fast`, because they wait for seconds or hash passwords. */
const NOT_FAST = [
  'test/worker/auth/password-routes.test.ts',
  'test/worker/dashboard/own-account.test.ts',
  'test/worker/rooms/storage/{damage,deletion,invariants-storage}.test.ts',
  'test/worker/rooms/sync/{fuzz,hibernation,vanished-clients,websocket-sync}.test.ts',
];

/** Fields of vitest's JSON reporter that are used here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/** The last line says how many tests passed and failed. */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      fast: { type: 'boolean', default: false },
      slow: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(HELP);
  const part = values.fast ? 'fast' : values.slow ? 'slow' : 'all';
  if (part === 'all' && (await run('npm', ['run', '--silent', 'check'])) !== 0)
    throw new Error('The checks failed. No test was run. Fix the checks first.');
  await runPart(part);
}

async function runPart(part: Part): Promise<void> {
  const folder = await mkdtemp(path.join(await folderForTestData(), 'roomkeeper-test-'));
  // Root runs Postgres as another user, which must be able to enter the folder.
  await chmod(folder, 0o711);
  // Inherited by child processes.
  process.env['TMPDIR'] = folder;
  const exclude = part === 'fast' ? NOT_FAST.flatMap((pattern) => ['--exclude', pattern]) : [];
  try {
    const results = await Promise.all(PARTS[part].map((projects) => runTests(projects, exclude, folder)));
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

async function runTests(projects: readonly string[], exclude: readonly string[], folder: string) {
  const name = projects.join(', ');
  const file = path.join(folder, `${projects.join('-')}.json`);
  const chosen = projects.flatMap((project) => ['--project', project]);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const code = await run('vitest', ['run', ...chosen, ...exclude, ...reporters]);
  const report = await readReport(file);
  // A file that failed to load has no failed tests.
  const unloaded = report.testResults.filter(
    ({ status, assertionResults }) =>
      status === 'failed' && !assertionResults.some((test) => test.status === 'failed'),
  );
  return { name, code, passed: report.numPassedTests, failed: report.numFailedTests + unloaded.length };
}

/** An empty report if the run ended early. */
async function readReport(file: string): Promise<Report> {
  const text = await readFile(file, 'utf8').catch(() => '');
  return text === '' ? { numPassedTests: 0, numFailedTests: 0, testResults: [] } : JSON.parse(text);
}

/** Prints output line by line, because commands run in parallel. @returns the exit code */
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
