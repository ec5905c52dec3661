import { globSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';

const PAGE = 'docs/reference/log-events.md';
/** `event: 'name'`, `event = 'name'`, `event = … ? 'name' : 'other'`. */
const IN_RECORD = /\bevent(?:: | = )(?:[^';\n]*\? )?'([^']+)'(?: : '([^']+)')?/g;
const IN_CALL = /\blogFailure\(\s*'([^']+)'/g;
/** The first column of a table. */
const IN_PAGE = /^\| `([^`]+)` /gm;

const readText = (file: string): Promise<string> => readFile(path.join(PROJECT_ROOT, file), 'utf8');

async function listLoggedEvents(): Promise<string[]> {
  const files = globSync('src/**/*.{ts,tsx}', { cwd: PROJECT_ROOT });
  const texts = await Promise.all(files.map(readText));
  return texts.flatMap((text) =>
    [IN_RECORD, IN_CALL].flatMap((pattern) =>
      [...text.matchAll(pattern)].flatMap(([, ...names]) => names.filter((name) => name !== undefined)),
    ),
  );
}

test(`${PAGE} lists every event of src and no other`, async () => {
  const logged = [...new Set(await listLoggedEvents())].toSorted();
  const listed = [...(await readText(PAGE)).matchAll(IN_PAGE)].map(([, name = '']) => name);
  expect(listed.toSorted()).toEqual(logged);
});

test('every event is a name in snake_case', async () => {
  const events = await listLoggedEvents();
  expect(events.filter((event) => !/^[a-z][a-z0-9]*(_[a-z0-9]+)*$/.test(event))).toEqual([]);
});
