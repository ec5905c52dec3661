import { randomUUID } from 'node:crypto';
import * as encoding from 'lib0/encoding';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { killLeftovers } from '../support/dev-process.ts';
import { fillUp } from '../support/full-database.ts';
import { databases, inDatabase } from '../support/local-databases.ts';
import { removeFolder, startSystem, type System, type User } from '../support/system.ts';
import { connectClient } from '../support/yjs-client.ts';
import { migratedFolder } from './site.ts';

/** Some accounts still fit into pages that are there. */
const MAX_SIGN_UPS = 50;

let folder: string;
beforeAll(async () => {
  folder = await migratedFolder();
});
afterAll(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

test('a full D1 makes the system not ready and sign-ups 503, and rooms continue', async () => {
  let system = await startSystem({ persistTo: folder, mirror: false });
  const user = await system.signUp();
  expect((await fetch(`${system.origin}/readyz`)).status).toBe(200);
  expect(await post(system, user, 'before ')).toBe('before ');
  await system.kill();

  const registry = (await databases(folder, 'd1')).find((file) => has(file, 'user'));
  if (registry === undefined) throw new Error('there is no registry');
  inDatabase(registry, 'DELETE FROM d1_write_check RETURNING 1');
  await fillUp(registry);
  system = await startSystem({ persistTo: folder, mirror: false });

  const ready = await fetch(`${system.origin}/readyz`);
  expect(ready.status).toBe(503);
  expect(await ready.json()).toMatchObject({ ready: false, d1: 'full' });
  expect(Number(ready.headers.get('retry-after'))).toBeGreaterThan(0);

  const refused = await untilRefused(system);
  expect(refused.status).toBe(503);
  expect(refused.headers.get('content-type')).toBe('application/problem+json');
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({ detail: expect.stringContaining('The database is full') });

  expect(await post(system, user, 'over HTTP ')).toContain('before ');
  const jwt = await system.mintJwt(user);
  const client = await connectClient(`${system.wsOrigin}/documents`, 'notes', jwt);
  client.insert(0, 'over a socket ');
  await client.stored();
  client.leave();
  const created = await connectClient(`${system.wsOrigin}/documents`, 'a new room', jwt);
  created.insert(0, 'new');
  await created.stored();
  created.leave();
  await system.kill();

  system = await startSystem({ persistTo: folder, mirror: false });
  const text = await post(system, user, '');
  for (const part of ['before ', 'over HTTP ', 'over a socket ']) expect(text).toContain(part);
  await system.kill();
});

const has = (file: string, table: string) =>
  inDatabase(file, `SELECT 1 FROM sqlite_master WHERE name = '${table}'`).length > 0;

/** Signs users up until that is refused. */
async function untilRefused(system: System): Promise<Response> {
  for (let count = 0; count < MAX_SIGN_UPS; count++) {
    const response = await fetch(`${system.origin}/api/auth/sign-up/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({
        name: 'Ada',
        email: `${randomUUID()}@example.com`,
        password: 'a good password',
      }),
    });
    if (!response.ok) return response;
    await response.text();
  }
  throw new Error(`${MAX_SIGN_UPS} users were signed up`);
}

/** Adds a text over HTTP. @returns all of it */
async function post(system: System, user: User, added: string): Promise<string> {
  const doc = new Y.Doc();
  if (added !== '') doc.getText('text').insert(0, added);
  const body = encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, new Uint8Array());
    encoding.writeVarUint8Array(encoder, Y.encodeStateAsUpdate(doc));
  });
  const headers = { authorization: `Bearer ${user.token}` };
  const response = await fetch(`${system.origin}/documents/notes`, { method: 'POST', headers, body });
  expect(response.status).toBe(200);
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  return doc.getText('text').toJSON();
}
