import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseArgs, promisify } from 'node:util';
import { failWithMessage } from './lib/command.ts';
import { PROJECT_ROOT } from './lib/project.ts';
import words from './lint/words.json' with { type: 'json' };

const HELP = `Lists words that have a standard term. The list is scripts/lint/words.json.

  npm run words [-- options] [path ...]

  --count   prints one line per word, with its number of occurrences
  --help    this text

Paths are files or folders; default: src, test, docs, scripts, bench, examples and README.md.`;

const PATHS = ['src', 'test', 'docs', 'scripts', 'bench', 'examples', 'README.md'];
const TEXT = /\.(ts|tsx|mjs|js|md|css|json|toml|yml)$/;
/** The list itself. */
const EXCLUDED = 'scripts/lint/words.json';

interface Finding {
  readonly file: string;
  readonly line: number;
  readonly found: string;
  readonly instead: string;
}

const PATTERNS = words.map(({ pattern, instead }) => ({ pattern: new RegExp(pattern, 'g'), instead }));

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { count: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
    allowPositionals: true,
  });
  if (values.help) return console.log(HELP);
  const files = await listFiles(positionals.length > 0 ? positionals : PATHS);
  const findings = (await Promise.all(files.map(findWords))).flat();
  if (values.count) printCounts(findings);
  else
    for (const { file, line, found, instead } of findings)
      console.log(`${file}:${line}: "${found}": ${instead}`);
  if (findings.length > 0)
    throw new Error(`${findings.length} words have a standard term (scripts/lint/words.json).`);
}

/** Tracked text files at these paths. */
async function listFiles(paths: readonly string[]): Promise<string[]> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z', '--', ...paths], {
    cwd: PROJECT_ROOT,
  });
  return stdout.split('\0').filter((file) => TEXT.test(file) && file !== EXCLUDED);
}

async function findWords(file: string): Promise<Finding[]> {
  const lines = (await readFile(path.join(PROJECT_ROOT, file), 'utf8')).split('\n');
  return lines.flatMap((text, index) =>
    PATTERNS.flatMap(({ pattern, instead }) =>
      [...text.matchAll(pattern)].map(([found]) => ({ file, line: index + 1, found, instead })),
    ),
  );
}

function printCounts(findings: readonly Finding[]): void {
  const counts = Map.groupBy(findings, ({ instead }) => instead);
  for (const [instead, found] of counts) console.log(`${String(found.length).padStart(5)}  ${instead}`);
}

main().catch(failWithMessage);
