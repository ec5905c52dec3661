import { truncate, open as openFile, stat } from 'node:fs/promises';
import { DatabaseSync } from 'node:sqlite';
import * as encoding from 'lib0/encoding';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { z } from 'zod';
import { killLeftovers } from '../support/dev-process.ts';
import { databases, inDatabase } from '../support/local-databases.ts';
import { removeFolder, startSystem, type System, type User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { migratedFolder } from './site.ts';

const PAGE_BYTES = 4_096;
/** Fewer than a room compacts by itself, and so long that few of them share a page. */
const UPDATES = 28;
const UPDATE_CHARACTERS = 600;
/** So long that it does not fit into a page of the database. */
const LONG = 'x'.repeat(50_000);

const Deleted = z.object({ erasure: z.object({ id: z.string() }) });
const Progress = z.object({ erasure: z.object({ state: z.string(), roomsErased: z.number() }) });

/** What is done to the file of a room of this name while nothing runs. */
const DAMAGES: Readonly<Record<string, (file: string) => Promise<void>>> = {
  'long-value': async (file) => overwrite(file, pagesOf(file, 'overflow')[3]),
  'page-of-rows': async (file) => overwrite(file, pagesOf(file, 'leaf')[2]),
  record: async (file) => {
    inDatabase(file, `UPDATE _cf_KV SET value = x'4142' WHERE key = 'room' RETURNING key`);
  },
  cut: async (file) => truncate(file, Math.floor((await stat(file)).size / 2 / PAGE_BYTES) * PAGE_BYTES),
};
const READABLE = ['long-value', 'page-of-rows', 'record'];

let folder: string;
beforeAll(async () => {
  folder = await migratedFolder();
});
afterAll(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

const start = () => startSystem({ persistTo: folder, mirror: false });

test('rooms with damaged files serve the rest, accept edits, and can be deleted', async () => {
  let system = await start();
  const [owner, leaver] = [await system.signUp(), await system.signUp()];
  await Promise.all([
    ...[...Object.keys(DAMAGES), 'sound'].map((name) => fill(system, owner, name)),
    ...READABLE.map((name) => fill(system, leaver, name)),
  ]);
  await system.kill();
  await damageAll();
  system = await start();

  for (const name of [...READABLE, 'sound']) {
    const known = await read(system, owner, name);
    // A page of rows has some of them.
    expect(Object.keys(known).length, name).toBeGreaterThan(UPDATES / 2);
    expect((await post(system, owner, name, 'later', 'stored')).status, name).toBe(200);
    expect(await read(system, owner, name), name).toEqual({ ...known, later: 'stored' });
  }
  expect(await read(system, owner, 'sound')).toHaveProperty('long', LONG);
  expect(await read(system, owner, 'record')).toHaveProperty('long', LONG);
  expect(await read(system, owner, 'long-value')).not.toHaveProperty('long');

  const refused = await call(system, owner, 'GET', 'cut');
  expect(refused.status).toBe(503);
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  expect(await closeCode(system, owner, 'cut')).toBe(1013);
  expect((await post(system, owner, 'cut', 'later', 'not stored')).status).toBe(503);

  for (const name of [...READABLE, 'sound']) {
    expect((await call(system, owner, 'DELETE', name)).status, name).toBe(204);
    expect((await call(system, owner, 'GET', name)).status, name).toBe(410);
  }
  expect((await call(system, owner, 'DELETE', 'cut')).status).toBe(503);

  const response = await fetch(`${system.origin}/api/account`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${leaver.token}` },
  });
  const { id } = Deleted.parse(await response.json()).erasure;
  const roomsErased = await until('the erasure to be finished', async () => {
    const { erasure } = Progress.parse(
      await (await fetch(`${system.origin}/api/account/erasure/${id}`)).json(),
    );
    return erasure.state === 'finished' ? erasure.roomsErased : undefined;
  });
  expect(roomsErased).toBe(READABLE.length);
  expect(system.lines.join('\n')).toContain('stored_update_unreadable');
  await system.kill();
});

async function damageAll(): Promise<void> {
  for (const file of await databases(folder, 'do')) {
    const names = inDatabase(file, `SELECT 1 FROM sqlite_master WHERE name = '__miniflare_do_name'`);
    if (names.length === 0) continue;
    const [row] = inDatabase(file, 'SELECT name FROM __miniflare_do_name');
    const damage = DAMAGES[String(row?.['name']).split(':').at(-1) ?? ''];
    if (damage !== undefined) {
      inDatabase(file, 'PRAGMA wal_checkpoint(TRUNCATE)');
      await damage(file);
    }
  }
}

/** Numbers of a kind of page of the log. */
function pagesOf(file: string, type: 'overflow' | 'leaf'): number[] {
  const database = new DatabaseSync(file);
  try {
    return database
      .prepare(`SELECT pageno FROM dbstat WHERE name = 'update_log' AND pagetype = ? ORDER BY path`)
      .all(type)
      .map((row) => Number(row['pageno']));
  } finally {
    database.close();
  }
}

async function overwrite(file: string, page: number | undefined): Promise<void> {
  if (page === undefined) throw new Error('there is no such page');
  const handle = await openFile(file, 'r+');
  await handle.write(Buffer.alloc(PAGE_BYTES, 0x41), 0, PAGE_BYTES, (page - 1) * PAGE_BYTES);
  await handle.close();
}

async function fill(system: System, user: User, name: string): Promise<void> {
  for (let index = 0; index < UPDATES; index += 1) {
    const text = index === UPDATES / 2 ? LONG : String(index).padEnd(UPDATE_CHARACTERS, '.');
    const response = await post(system, user, name, index === UPDATES / 2 ? 'long' : String(index), text);
    expect([200, 204]).toContain(response.status);
    await response.body?.cancel();
  }
}

function call(system: System, user: User, method: string, name: string): Promise<Response> {
  const headers = { authorization: `Bearer ${user.token}` };
  return fetch(`${system.origin}/documents/${name}`, { method, headers });
}

function post(system: System, user: User, name: string, key: string, value: string): Promise<Response> {
  const doc = new Y.Doc();
  doc.getMap('map').set(key, value);
  const body = encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, new Uint8Array());
    encoding.writeVarUint8Array(encoder, Y.encodeStateAsUpdate(doc));
  });
  const headers = { authorization: `Bearer ${user.token}` };
  return fetch(`${system.origin}/documents/${name}`, { method: 'POST', headers, body });
}

async function read(system: System, user: User, name: string): Promise<Record<string, unknown>> {
  const response = await call(system, user, 'GET', name);
  expect(response.status, name).toBe(200);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  return doc.getMap('map').toJSON();
}

function closeCode(system: System, user: User, name: string): Promise<number> {
  const socket = new WebSocket(`${system.wsOrigin}/documents/${name}?token=${user.jwt}`);
  return new Promise((resolve) => {
    socket.addEventListener('close', ({ code }) => resolve(code));
  });
}
