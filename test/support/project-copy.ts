import { cp, mkdir, mkdtemp, readdir, readFile, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';
import { type ChildProcess, startChild } from '../../scripts/lib/processes.ts';

/** What a deployment reads. The sources are linked, everything else is copied: it may be changed. */
const COPIED = [
  'scripts',
  'd1-migrations',
  'wrangler.toml',
  'package.json',
  'tsconfig.json',
  'tsconfig.base.json',
];

/** One call of wrangler. */
interface Call {
  readonly args: readonly string[];
  /** Of the file given by `--secrets-file`. */
  readonly secretsFile?: { readonly path: string; readonly mode: number; readonly content: string };
}

interface Run {
  readonly child: ChildProcess;
  /** What it has printed so far. */
  readonly lines: readonly string[];
}

/** A copy of the project in a folder of its own, whose calls of wrangler are noted before they reach the real one. */
export interface ProjectCopy {
  readonly folder: string;
  /** Runs a command of the project, with nothing of this machine's environment but the path and Node's cache. */
  start(args: readonly string[], env: Readonly<Record<string, string>>): Run;
  /** Calls so far. */
  calls(): Promise<Call[]>;
  /** Temporary files that are left. */
  leftovers(): Promise<string[]>;
  remove(): Promise<void>;
}

export async function copyProject(): Promise<ProjectCopy> {
  const root = await realpath(await mkdtemp(path.join(tmpdir(), 'roomkeeper-deploy-test-')));
  const [folder, temporary, home] = ['project', 'tmp', 'home'].map((name) => path.join(root, name));
  if (folder === undefined || temporary === undefined || home === undefined) throw new Error('unreachable');
  for (const made of [folder, temporary, home]) await mkdir(made);
  for (const name of COPIED)
    await cp(path.join(PROJECT_ROOT, name), path.join(folder, name), { recursive: true });
  await symlink(path.join(PROJECT_ROOT, 'src'), path.join(folder, 'src'));
  await mkdir(path.join(folder, 'node_modules'));
  for (const name of ['esbuild', 'zod']) {
    await symlink(path.join(PROJECT_ROOT, 'node_modules', name), path.join(folder, 'node_modules', name));
  }
  const notes = path.join(root, 'calls.ndjson');
  await installNotingWrangler(path.join(folder, 'node_modules/wrangler'), notes);
  // Otherwise a failing wrangler asks the internet for a newer one.
  await mkdir(path.join(temporary, 'update-check'));
  const checked = JSON.stringify({ latest: null, lastUpdate: Date.now() });
  await writeFile(path.join(temporary, 'update-check/wrangler-latest.json'), checked);

  return {
    folder,
    start(args, env) {
      const lines: string[] = [];
      const child = startChild({
        command: process.execPath,
        args,
        cwd: folder,
        env: {
          PATH: process.env['PATH'],
          NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
          HOME: home,
          TMPDIR: temporary,
          ...env,
        },
        onLine: (line) => lines.push(line),
      });
      return { child, lines };
    },
    async calls() {
      const text = await readFile(notes, 'utf8').catch(() => '');
      return text
        .split('\n')
        .filter((line) => line !== '')
        .map((line): Call => JSON.parse(line));
    },
    async leftovers() {
      return (await readdir(temporary)).filter((name) => name.startsWith('roomkeeper-'));
    },
    async remove() {
      await rm(root, { recursive: true, force: true });
    },
  };
}

async function installNotingWrangler(folder: string, notes: string): Promise<void> {
  const real = path.dirname(createRequire(import.meta.url).resolve('wrangler/package.json'));
  await mkdir(path.join(folder, 'bin'), { recursive: true });
  await writeFile(path.join(folder, 'package.json'), JSON.stringify({ name: 'wrangler', main: 'index.js' }));
  await writeFile(path.join(folder, 'index.js'), `module.exports = require(${JSON.stringify(real)});`);
  await writeFile(
    path.join(folder, 'bin/wrangler.js'),
    `const fs = require('node:fs');
const args = process.argv.slice(2);
const file = args[args.indexOf('--secrets-file') + 1];
const secretsFile = args.includes('--secrets-file')
  ? { path: file, mode: fs.statSync(file).mode & 0o777, content: fs.readFileSync(file, 'utf8') }
  : undefined;
fs.appendFileSync(${JSON.stringify(notes)}, JSON.stringify({ args, secretsFile }) + '\\n');
const program = ${JSON.stringify(path.join(real, 'wrangler-dist/cli.js'))};
require('node:child_process')
  .spawn(process.execPath, ['--no-warnings', program, ...args], { stdio: 'inherit' })
  .on('exit', (code) => process.exit(code ?? 1));
`,
  );
}
