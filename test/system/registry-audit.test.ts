import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';
import { startChild } from '../../scripts/lib/processes.ts';
import {
  ACCOUNT_ID,
  bad,
  DATABASE_ID,
  type ObjectsApi,
  startObjectsApi,
  TOKEN,
} from '../support/objects-api.ts';

let api: ObjectsApi;
beforeEach(async () => {
  api = await startObjectsApi({ objectsAPage: 2 });
  api.registry.exec(`INSERT INTO user (id, name, email) VALUES ('ada', 'Ada', 'ada@example.com')`);
  for (const name of ['a', 'b', 'c', 'd', 'e']) addRoom(name);
});
afterEach(() => api.stop());

let seq = 0;
const nameOf = (name: string, type = 'document') => `user:ada:${type}:${name}`;

function addRow(name: string, type = 'document'): void {
  api.registry
    .prepare(
      `INSERT INTO durable_object_instance (do_name, do_id, created_at, last_accessed_at, seq)
       VALUES (?, ?, 1, 1, ?)`,
    )
    .run(nameOf(name, type), `id-of-${name}`, (seq += 1_000));
}

function addObject(name: string, type = 'document', hasStoredData = true): void {
  api.objects[type === 'document' ? 'DocumentRoom' : 'WorkspaceRoom']?.push({
    id: `id-of-${name}`,
    hasStoredData,
  });
}

function addRoom(name: string, type = 'document'): void {
  addRow(name, type);
  addObject(name, type);
}

/** Deletes a row; its tombstone stays, and what is left in its object. */
function deleteRow(name: string): void {
  api.registry.prepare('DELETE FROM durable_object_instance WHERE do_name = ?').run(nameOf(name));
}

async function audit(args: string[] = [], env: Record<string, string> = {}) {
  const out: string[] = [];
  const error: string[] = [];
  const child = startChild({
    command: process.execPath,
    args: ['scripts/registry-audit.ts', '--database-id', DATABASE_ID, ...args],
    env: {
      PATH: process.env['PATH'],
      NODE_COMPILE_CACHE: process.env['NODE_COMPILE_CACHE'],
      CLOUDFLARE_API_BASE_URL: api.url,
      CLOUDFLARE_API_TOKEN: TOKEN,
      CLOUDFLARE_ACCOUNT_ID: ACCOUNT_ID,
      ...env,
    },
    onLine: (line, stream) => (stream === 'stdout' ? out : error).push(line),
  });
  const { code } = await child.ended;
  return { code, out: out.join('\n'), error: error.join('\n') };
}

const classOf = (out: string, className: string) =>
  JSON.parse(out).classes.find((one: { className: string }) => one.className === className);

describe('npm run registry:audit', () => {
  test('the audit finds no difference if every object has its row', async () => {
    addRoom('w', 'workspace');
    const { code, out, error } = await audit();
    expect({ code, out }).toEqual({ code: 0, out: expect.stringContaining('The registry agrees.') });
    expect(out).toMatch(/DocumentRoom +5 +5 +0 +0 +0 +0 +0/);
    expect(error).toContain('DocumentRoom: 5 objects listed');
    expect(api.requests.filter((asked) => asked.includes('namespace-of-DocumentRoom'))).toHaveLength(3);
  });

  test('the audit finds rows of empty objects and objects without a row', async () => {
    addRow('never was');
    addRow('empty');
    addObject('empty', 'document', false);
    addObject('forgotten');
    addObject('nothing', 'document', false);
    const { code, out } = await audit(['--json']);
    expect(code).toBe(1);
    expect(classOf(out, 'DocumentRoom')).toEqual({
      className: 'DocumentRoom',
      objects: 8,
      rows: 7,
      ghosts: [
        { doName: nameOf('empty'), doId: 'id-of-empty', why: 'no stored data' },
        { doName: nameOf('never was'), doId: 'id-of-never was', why: 'no such object' },
      ],
      withoutRow: ['id-of-forgotten'],
      tombstones: 0,
      pruned: 0,
      missingAtLeast: 1,
    });
    const table = await audit();
    expect(table.code).toBe(1);
    for (const text of ['ghost  user:ada:document:empty', 'without a row  DocumentRoom  id-of-forgotten'])
      expect(table.out).toContain(text);
  });

  test('the audit prints invisible characters of names as code points', async () => {
    addRow('odd\u202E');
    const { code, out } = await audit();
    expect(code).toBe(1);
    expect(out).toContain('ghost  user:ada:document:odd[U+202E]');
    const asJson = await audit(['--json']);
    expect(asJson.out).toContain(String.raw`odd\u202e`);
    expect(JSON.parse(asJson.out).classes).toHaveLength(2);
  });

  test('the audit counts at most one deleted room per tombstone of its type', async () => {
    deleteRow('a');
    expect(await audit()).toMatchObject({ code: 0, out: expect.stringContaining('id-of-a') });
    addObject('forgotten');
    const more = await audit(['--json']);
    expect(more.code).toBe(1);
    expect(classOf(more.out, 'DocumentRoom')).toMatchObject({ tombstones: 1, missingAtLeast: 1 });
    addObject('w', 'workspace');
    expect(classOf((await audit(['--json'])).out, 'WorkspaceRoom')).toMatchObject({ missingAtLeast: 1 });
  });

  test('the audit also counts pruned tombstones', async () => {
    deleteRow('a');
    deleteRow('b');
    api.registry.exec(`
      DELETE FROM registry_tombstone WHERE do_name = '${nameOf('a')}';
      INSERT INTO registry_pruned VALUES ('document', 1, 1)`);
    expect(await audit()).toMatchObject({ code: 0 });
    addObject('forgotten');
    const more = await audit(['--json']);
    expect(more.code).toBe(1);
    expect(classOf(more.out, 'DocumentRoom')).toMatchObject({ tombstones: 1, pruned: 1, missingAtLeast: 1 });
  });

  test('the audit finds users whose history differs from the sum of their rooms, until it is repaired', async () => {
    const resize = (name: string, bytes: number) =>
      api.registry
        .prepare(
          `UPDATE durable_object_instance SET storage_bytes = ?, storage_measured_at = 1 WHERE do_name = ?`,
        )
        .run(bytes, nameOf(name));
    resize('a', 4_096);
    resize('b', 8_192);
    // SQLite runs no delete triggers for REPLACE.
    api.registry.exec(`
      REPLACE INTO durable_object_instance
        (do_name, do_id, storage_bytes, storage_measured_at, created_at, last_accessed_at, seq)
      SELECT do_name, do_id, 100, 1, created_at, last_accessed_at, 999999
      FROM durable_object_instance WHERE do_name = '${nameOf('b')}';
      INSERT INTO room_resized VALUES ('nobody', 0, 5, 1)`);
    const { code, out } = await audit(['--json']);
    expect(code).toBe(1);
    expect(JSON.parse(out).wrongTotals).toEqual([
      { userId: 'ada', kept: 12_388, actual: 4_196 },
      { userId: 'nobody', kept: 5, actual: 0 },
    ]);
    expect((await audit()).out).toContain('wrong total  ada  history 12388  rooms 4196');
    const manual = await readFile(path.join(PROJECT_ROOT, 'docs/guide/operate.md'), 'utf8');
    api.registry.exec(/INSERT INTO room_resized[^;]*;/.exec(manual)?.[0] ?? 'not in the manual');
    expect(await audit()).toMatchObject({ code: 0 });
  });

  test('rooms that appear or disappear during the audit are no difference', async () => {
    let pages = 0;
    api.beforePage = () => {
      pages += 1;
      if (pages !== 3) return;
      // Objects a and b have been listed.
      addRow('aa, created behind it');
      addRoom('z, created ahead of it');
      deleteRow('e');
      api.objects['DocumentRoom']?.splice(4, 1);
    };
    const { code, out } = await audit(['--json']);
    expect(code).toBe(0);
    expect(classOf(out, 'DocumentRoom')).toMatchObject({ ghosts: [], withoutRow: [] });
    expect(pages).toBeGreaterThan(3);
  });

  test('the audit retries temporary failures of Cloudflare', async () => {
    api.troubles.push(
      bad(429, 971, 'Rate limited', { 'retry-after': '0' }),
      'hangs up',
      bad(503, 1, 'Unavailable'),
    );
    const { code, error } = await audit();
    expect(code).toBe(0);
    for (const why of ['429', '503', 'no answer']) expect(error).toContain(why);
  });

  test.each([
    ['a refused token', () => audit([], { CLOUDFLARE_API_TOKEN: 'another' }), '401: Authentication error'],
    ['no token', () => audit([], { CLOUDFLARE_API_TOKEN: '' }), 'CLOUDFLARE_API_TOKEN is not set'],
    ['an unknown database', () => audit(['--database-id', 'x']), '404'],
    ['an unknown option', () => audit(['--all']), '--all'],
  ])('cannot compare with %s, and says so', async (_, run, said) => {
    const { code, out, error } = await run();
    expect({ code, out, error }).toEqual({ code: 2, out: '', error: expect.stringContaining(said) });
    expect(error).not.toContain(TOKEN);
  });

  test('the audit fails if Cloudflare keeps failing or returns an unexpected response', async () => {
    api.troubles.push(...Array.from({ length: 5 }, () => bad(502, 1, 'Bad gateway', { 'retry-after': '0' })));
    expect(await audit()).toMatchObject({ code: 2, error: expect.stringContaining('502: Bad gateway') });
    api.troubles.push([200, {}, '{"success":true,"result":[{"class":1}]}']);
    expect(await audit()).toMatchObject({ code: 2, error: expect.stringContaining('unexpected response') });
  });

  test('the audit finds the only account without options, and --help shows its usage', async () => {
    expect(await audit([], { CLOUDFLARE_ACCOUNT_ID: '' })).toMatchObject({ code: 0 });
    expect(await audit(['--help'])).toMatchObject({ code: 0, out: expect.stringContaining('--json') });
  });
});
