import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { failWithMessage } from './lib/command.ts';
import { PROJECT_ROOT } from './lib/project.ts';

/** Text by file, from the project's root. */
type Texts = ReadonlyMap<string, string>;

const RELATIVE_LINK = /\]\((?![a-z]+:)([^)\s]+)\)/g;
const QUOTED_FILE = /`((?:[\w-]+\/)*[\w-]+\.(?:ts|tsx|mjs))`/g;
const QUOTED_CONSTANT = /`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`/g;
const PATH_TO_PAGE = /(?<![\w/.-])(docs\/[\w/-]+\.(?:md|png))/g;
const CONSTANT = /\b[A-Z][A-Z0-9_]+\b/g;
const CODE_BLOCK = /^ *```[\s\S]*?^ *```/gm;

/** Checks that all pages name only files, headings and constants that exist, and all code only pages that exist. */
async function main(): Promise<void> {
  const files = await listTrackedFiles();
  const pages = await readTexts(files.filter((file) => file.endsWith('.md')));
  const code = await readTexts(files.filter((file) => /\.(ts|tsx|toml)$/.test(file)));
  const constants = new Set([...code.values()].flatMap((text) => text.match(CONSTANT) ?? []));

  const missing = [
    ...find(pages, RELATIVE_LINK, (target, page) => linkExists(target, page, files, pages)),
    ...find(pages, QUOTED_FILE, (name) => files.some((file) => `/${file}`.endsWith(`/${name}`))),
    ...find(pages, QUOTED_CONSTANT, (name) => constants.has(name)),
    ...find(new Map([...pages, ...code]), PATH_TO_PAGE, (page) => files.includes(page)),
  ];
  if (missing.length > 0)
    throw new Error(`These do not exist. Correct the name or the link:\n${missing.join('\n')}`);
}

async function listTrackedFiles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], { cwd: PROJECT_ROOT });
  return stdout.split('\0').filter((file) => file !== '');
}

async function readTexts(files: readonly string[]): Promise<Texts> {
  const texts = files.map(
    async (file) => [file, await readFile(path.join(PROJECT_ROOT, file), 'utf8')] as const,
  );
  return new Map(await Promise.all(texts));
}

/** @returns `file: name` for each match whose first group is a name that does not exist */
function find(texts: Texts, pattern: RegExp, exists: (name: string, file: string) => boolean): string[] {
  return [...texts].flatMap(([file, text]) =>
    [...text.matchAll(pattern)]
      .map(([, name = '']) => name)
      .filter((name) => !exists(name, file))
      .map((name) => `${file}: ${name}`),
  );
}

function linkExists(target: string, page: string, files: readonly string[], pages: Texts): boolean {
  const [place = '', anchor] = target.split('#');
  const linked = place === '' ? page : path.posix.join(path.posix.dirname(page), place);
  if (anchor === undefined) return files.includes(linked);
  return listAnchors(pages.get(linked) ?? '').includes(anchor);
}

/** The anchors that GitHub gives to headings. */
function listAnchors(text: string): string[] {
  return [...text.replaceAll(CODE_BLOCK, '').matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

main().catch(failWithMessage);
