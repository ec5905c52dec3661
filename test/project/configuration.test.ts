import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';

const PAGE = 'docs/reference/configuration.md';
/** Members of the interface `Bindings`. */
const VARIABLE = /^ {2}readonly ([A-Z][A-Z0-9_]+)\??:/gm;
const BINDING = /^(?:binding|name) = "([A-Z_]+)"$|^required = \["([A-Z_]+)"\]$/gm;
/** The first column of a table. */
const ROW = /^\| (`[A-Z][^|]*) \|/gm;

const readText = (file: string): Promise<string> => readFile(path.join(PROJECT_ROOT, file), 'utf8');

test(`${PAGE} lists every variable, secret and binding, and no other`, async () => {
  const [env, wrangler, page] = await Promise.all(['src/domain/env.ts', 'wrangler.toml', PAGE].map(readText));
  const variables = [...(env ?? '').matchAll(VARIABLE)].map(([, name = '']) => name);
  const bindings = [...(wrangler ?? '').matchAll(BINDING)].map(([, name, secret]) => name ?? secret ?? '');
  const listed = [...(page ?? '').matchAll(ROW)].flatMap(
    ([, cell = '']) => cell.match(/[A-Z][A-Z0-9_]+/g) ?? [],
  );
  expect(listed.toSorted()).toEqual([...new Set([...variables, ...bindings])].toSorted());
});
