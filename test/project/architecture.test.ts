import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';
import allowed from '../../scripts/lint/folders.json' with { type: 'json' };

const DOCUMENT = 'docs/internals/architecture.md';
/** Of a static or a dynamic import, or an export from elsewhere. */
const RELATIVE_IMPORT = /(?:from|import)\s*\(?\s*'(\.[^'?]*)/g;
const DIAGRAM = /```mermaid\n([\s\S]*?)```/g;
/** `a --> b`, or a folder alone. */
const LINE = /^ +([\w/-]+)(?: --> ([\w/-]+))?$/gm;
/** Every other folder may import them, so they are not shown. */
const SHARED = ['domain', 'lib'];
const MAX_FILES_PER_FOLDER = 15;

const SOURCES = globSync('src/**/*.{ts,tsx}', { cwd: PROJECT_ROOT });

interface Import {
  readonly from: string;
  readonly to: string;
}

/** All imports between files of src, as paths below src. */
const IMPORTS: readonly Import[] = (
  await Promise.all(
    SOURCES.map(async (file) => {
      const text = await readFile(path.join(PROJECT_ROOT, file), 'utf8');
      return [...text.matchAll(RELATIVE_IMPORT)].map(([, specifier = '']) => ({
        from: path.relative('src', file),
        to: path.relative('src', path.join(path.dirname(file), specifier)),
      }));
    }),
  )
).flat();

/** The longest of these folders that a file is in; `null`: none. */
function findFolder(file: string, folders: Iterable<string>): string | null {
  const found = [...folders].filter((folder) => file.startsWith(`${folder}/`));
  return found.toSorted((one, other) => other.length - one.length)[0] ?? null;
}

/** The imports between these folders, as lines of a diagram. */
function listEdges(folders: ReadonlySet<string>): string[] {
  const edges = IMPORTS.flatMap(({ from, to }) => {
    const [one, other] = [findFolder(from, folders), findFolder(to, folders)];
    return one === null || other === null || one === other ? [] : [`${one} --> ${other}`];
  });
  return [...new Set(edges)].toSorted();
}

const document = await readFile(path.join(PROJECT_ROOT, DOCUMENT), 'utf8');
const diagrams = [...document.matchAll(DIAGRAM)].map(([, text = '']) => {
  const lines = [...text.matchAll(LINE)];
  return {
    folders: new Set(lines.flatMap(([, from = '', to = from]) => [from, to])),
    edges: lines.flatMap(([, from = '', to]) => (to === undefined ? [] : [`${from} --> ${to}`])),
  };
});

describe(`the diagrams of ${DOCUMENT}`, () => {
  test.each(diagrams)('show exactly the imports between their folders: $folders', ({ folders, edges }) => {
    expect(edges.toSorted()).toEqual(listEdges(folders));
  });

  test('show every folder of src', () => {
    const shown = [...SHARED, ...diagrams.flatMap(({ folders }) => [...folders])];
    const files = SOURCES.map((file) => path.relative('src', file)).filter((file) => file.includes('/'));
    expect(files.filter((file) => findFolder(file, shown) === null)).toEqual([]);
  });
});

test('the linter allows no import between folders that no file needs', () => {
  const folders = new Set(Object.keys(allowed).map((folder) => path.relative('src', folder)));
  const needed = new Set(listEdges(folders));
  const unneeded = Object.entries(allowed)
    .filter(([folder]) => folder !== 'src')
    .flatMap(([folder, { folders: to }]) => to.map((other) => `${path.relative('src', folder)} --> ${other}`))
    .filter((edge) => !needed.has(edge));
  expect(unneeded).toEqual([]);
});

test('src has index.ts and folders of a size that can be read', () => {
  const counts = Map.groupBy(SOURCES, (file) => path.dirname(file));
  expect(counts.get('src')).toEqual(['src/index.ts']);
  const large = [...counts].filter(([, files]) => files.length > MAX_FILES_PER_FOLDER);
  expect(large.map(([folder, files]) => `${folder}: ${files.length}`)).toEqual([]);
});
