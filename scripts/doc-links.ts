import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { failWithMessage } from './lib/command.ts';
import { PROJECT_ROOT } from './lib/project.ts';

interface Link {
  readonly file: string;
  readonly target: string;
}

/** The names of files and constants in the documentation, in code quotes. */
const QUOTED_FILE = /`((?:[\w-]+\/)*[\w-]+\.(?:ts|tsx|mjs))`/g;
const QUOTED_CONSTANT = /`([A-Z][A-Z0-9]*_[A-Z0-9_]+)`/g;

/** Checks that the documentation and the paths to its pages name only files, headings and constants that exist. */
async function main(): Promise<void> {
  const tracked = await listTrackedFiles();
  const files = new Set(tracked);
  const pages = new Map<string, string>();
  for (const file of tracked.filter((name) => name.endsWith('.md'))) pages.set(file, await readText(file));

  const broken = [...pages]
    .flatMap(([file, text]) => findLinks(file, text))
    .filter((link) => !leadsSomewhere(link, files, pages))
    .map(({ file, target }) => `${file}: ${target}`);
  const sources = await Promise.all(tracked.filter((name) => /\.(ts|tsx|toml)$/.test(name)).map(readText));
  const constants = new Set(sources.flatMap((text) => text.match(/\b[A-Z][A-Z0-9_]+\b/g) ?? []));
  for (const [file, text] of pages) {
    for (const [, name = ''] of text.matchAll(QUOTED_FILE))
      if (!tracked.some((other) => other === name || other.endsWith(`/${name}`)))
        broken.push(`${file}: ${name}`);
    for (const [, name = ''] of text.matchAll(QUOTED_CONSTANT))
      if (!constants.has(name)) broken.push(`${file}: ${name}`);
  }
  for (const file of tracked.filter((name) => /\.(ts|tsx|toml|md)$/.test(name)))
    for (const [target] of (await readText(file)).matchAll(/(?<![\w/.-])docs\/[\w/-]+\.(?:md|png)/g))
      if (!files.has(target)) broken.push(`${file}: ${target}`);

  if (broken.length > 0) throw new Error(`What does not exist:\n${broken.join('\n')}`);
}

async function listTrackedFiles(): Promise<string[]> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], { cwd: PROJECT_ROOT });
  return stdout.split('\0').filter((file) => file !== '');
}

const readText = (file: string): Promise<string> => readFile(path.join(PROJECT_ROOT, file), 'utf8');

/** Relative links only: a check must not depend on the network. */
function findLinks(file: string, text: string): Link[] {
  return [...withoutCode(text).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => ({ file, target }))
    .filter(({ target }) => !/^[a-z]+:/.test(target));
}

function leadsSomewhere(
  { file, target }: Link,
  files: ReadonlySet<string>,
  pages: ReadonlyMap<string, string>,
): boolean {
  const [place = '', anchor] = target.split('#');
  const linked = place === '' ? file : path.posix.join(path.posix.dirname(file), place);
  if (anchor === undefined) return files.has(linked);
  return listAnchors(pages.get(linked) ?? '').includes(anchor);
}

/** The anchors that GitHub gives to headings. */
function listAnchors(text: string): string[] {
  return [...withoutCode(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
}

const withoutCode = (text: string): string => text.replaceAll(/^ *```[\s\S]*?^ *```/gm, '');

main().catch(failWithMessage);
