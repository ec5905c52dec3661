import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';
import * as refusals from '../../src/lib/refusals/refusal-limits.ts';
import * as rooms from '../../src/rooms/limits/room-limits.ts';
import * as sockets from '../../src/rooms/limits/socket-limits.ts';
import * as storage from '../../src/rooms/limits/storage-limits.ts';
import * as users from '../../src/rooms/limits/user-limits.ts';
import * as updates from '../../src/yjs/limits.ts';

const PAGE = 'docs/reference/limits.md';
const CONSTANTS: Readonly<Record<string, unknown>> = {
  ...refusals,
  ...rooms,
  ...sockets,
  ...storage,
  ...users,
  ...updates,
};
/** Scope, what, limit, refusal, constant, configuration. */
const ROW = /^\| \w+ +\| [^|]+ \| ([\d,]+)(?: (MiB|KiB|s)\b)?[^|]*\|[^|]*\| `(\w+)`/gm;
const UNITS: Readonly<Record<string, number>> = { KiB: 1024, MiB: 1024 * 1024, s: 1_000 };
/** Rows of constants that these modules export as a number. */
const MIN_ROWS = 18;

test(`${PAGE} has the values of the constants`, async () => {
  const page = await readFile(path.join(PROJECT_ROOT, PAGE), 'utf8');
  const rows = [...page.matchAll(ROW)]
    .map(([, value = '', unit = '', name = '']) => ({
      name,
      value: Number(value.replaceAll(',', '')) * (UNITS[unit] ?? 1),
    }))
    .filter(({ name }) => typeof CONSTANTS[name] === 'number');
  expect(rows.length).toBeGreaterThanOrEqual(MIN_ROWS);
  for (const { name, value } of rows) expect({ name, value }).toEqual({ name, value: CONSTANTS[name] });
});
