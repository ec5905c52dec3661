import * as encoding from 'lib0/encoding';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { z } from 'zod';
import { killLeftovers } from '../support/dev-process.ts';
import { makeFolder, removeFolder, startSystem, type System, type User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { connectClient } from '../support/yjs-client.ts';

const Instance = z.object({
  doType: z.string(),
  resourceName: z.string(),
  doName: z.string(),
  storageBytes: z.number().nullable(),
  createdAt: z.string(),
  lastAccessedAt: z.string(),
});
const Instances = z.object({ instances: z.array(Instance) });
const Version = z.object({ id: z.string(), label: z.string().nullable(), createdAt: z.string() });
const ROOM = 'minutes of Tuesday: 7/8 “été”';

let folder: string;
let system: System;
let user: User;
/** Of the very first request that needs more than sync does. */
let first: Response;

beforeAll(async () => {
  folder = await makeFolder();
  system = await startSystem({ persistTo: folder });
  first = await fetch(system.origin, { redirect: 'manual' });
  user = await system.signUp();
});

afterAll(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

describe('the running system', () => {
  test('sign-up works while the accounts module is loading', () => {
    expect(first.status).toBe(302);
    expect(user.token).not.toBe('');
  });

  test('two y-websocket clients converge', async () => {
    const [ada, ben] = await Promise.all([connect(), connect()]);
    ada.insert(0, 'Hello ');
    await ben.reads('Hello ');
    ben.insert(6, 'world');
    await ada.reads('Hello world');
    // Both at once: whatever the order, it is one order.
    ada.insert(0, 'A');
    ben.insert(0, 'B');
    await until('both to agree', () =>
      ada.text().length === 13 && ada.text() === ben.text() ? true : undefined,
    );
    await Promise.all([ada.stored(), ben.stored()]);
    ada.leave();
    ben.leave();
  });

  test('a client over HTTP reads the same document and edits it', async () => {
    const reader = await connect();
    const before = reader.text();
    const doc = await readOverHttp();
    expect(doc.getText('text').toJSON()).toBe(before);

    const known = Y.encodeStateVector(doc);
    doc.getText('text').insert(before.length, ', by HTTP');
    const body = encoding.encode((encoder) => {
      encoding.writeVarUint8Array(encoder, Y.encodeStateVector(doc));
      encoding.writeVarUint8Array(encoder, Y.encodeStateAsUpdate(doc, known));
    });
    const response = await fetch(roomUrl(), {
      method: 'POST',
      headers: { authorization: `Bearer ${user.token}`, 'content-type': 'application/octet-stream' },
      body: Uint8Array.from(body),
    });
    expect([200, 204]).toContain(response.status);
    await reader.reads(`${before}, by HTTP`);
    reader.leave();
  });

  test('only the owner sees the room with its size', async () => {
    const row = await until('the size', async () => {
      const found = await instance(user);
      return typeof found?.storageBytes === 'number' && found.storageBytes > 0 ? found : undefined;
    });
    expect(row).toMatchObject({ doType: 'document', resourceName: ROOM });
    expect(await instance(await system.signUp())).toBeUndefined();
  });

  test('the cron mirrors the row to Postgres', async () => {
    await expectSameRow();
  });

  test('a restored version reaches all clients, also after all processes were killed', async () => {
    const ada = await connect();
    const kept = ada.text();
    const version = Version.parse(await (await versions('POST', '', { label: 'kept' })).json());
    ada.insert(0, 'A change of mind. ');
    await ada.stored();
    await system.kill();
    ada.leave();
    await start();

    const [ben, cleo] = await Promise.all([connect(), connect()]);
    expect(ben.text()).toBe(`A change of mind. ${kept}`);
    expect((await versions('POST', `/${version.id}/restore`)).status).toBe(204);
    await Promise.all([ben.reads(kept), cleo.reads(kept)]);
    const [undo] = z.array(Version).parse(await (await versions('GET', '')).json());
    expect((await versions('POST', `/${undo?.id}/restore`)).status).toBe(204);
    await Promise.all([ben.reads(`A change of mind. ${kept}`), cleo.reads(`A change of mind. ${kept}`)]);
    ben.leave();
    cleo.leave();
  });

  test('a body of 100 MB is refused on all routes, and the system continues', async () => {
    const before = (await readOverHttp()).getText('text').toJSON();
    const body = new Uint8Array(100_000_000);
    const authorization = `Bearer ${user.token}`;
    // A refusal may come before the body is sent: the connection then ends, and the client may not have read the answer yet.
    const send = (url: string, headers: Record<string, string>) =>
      until('the answer to a body of 100 MB', () =>
        fetch(url, { method: 'POST', headers, body }).then(
          ({ status }) => status,
          () => undefined,
        ),
      );
    expect(await send(roomUrl(), { authorization })).toBe(413);
    expect(await send(roomUrl(), {})).toBe(401);
    expect(await send(`${system.origin}/api/auth/sign-in/email`, {})).toBe(413);
    expect((await readOverHttp()).getText('text').toJSON()).toBe(before);
  });

  test.each([
    ['ends later', 60],
    ['never ends', Infinity],
  ])('refuses a body without length that is past its bound and %s', async (_name, megabytes) => {
    let sent = 0;
    const body = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (sent === megabytes) return controller.close();
        // Past the bound by far; were it to go on for ever, a client that does not stop sending would fill its memory.
        if (sent === 60) return new Promise(() => {});
        sent += 1;
        controller.enqueue(new Uint8Array(1_000_000));
      },
    });
    const response = await fetch(roomUrl(), {
      method: 'POST',
      headers: { authorization: `Bearer ${user.token}` },
      body,
      // @ts-expect-error Node's fetch asks for it; the browser's types do not know it.
      duplex: 'half',
    });
    expect(response.status).toBe(413);
  });

  test('all data survives a restart', async () => {
    await expectKept(() => system.stop());
  });

  test('all data survives a kill of all processes', async () => {
    const client = await connect();
    client.insert(0, 'Last words. ');
    await client.stored();
    await expectKept(async () => {
      await system.kill();
      client.leave();
    });
  });

  test('a connection without a valid token is refused with a code that stops y-websocket', async () => {
    const codes = await Promise.all(
      ['', '?token=nonsense', `?token=${user.jwt.slice(0, -6)}AAAAAA`].map(
        async (query) =>
          new Promise<number>((resolve) => {
            const socket = new WebSocket(`${system.wsOrigin}/documents/${encodeURIComponent(ROOM)}${query}`);
            socket.addEventListener('close', ({ code }) => resolve(code));
          }),
      ),
    );
    expect(codes).toEqual([4401, 4401, 4401]);
  });
});

/** The text and the registry's row are the same after the system was ended in this way, and is started again. */
async function expectKept(end: () => Promise<void>): Promise<void> {
  const text = (await readOverHttp()).getText('text').toJSON();
  expect(text).not.toBe('');
  const known = await instance(user);
  await end();
  await start();

  const client = await connect();
  expect(client.text()).toBe(text);
  client.leave();
  const row = await until('the size', async () => {
    const found = await instance(user);
    return typeof found?.storageBytes === 'number' ? found : undefined;
  });
  expect(row).toMatchObject({ doName: known?.doName, createdAt: known?.createdAt });
  expect(row.storageBytes).toBeGreaterThan(0);
  await expectSameRow();
}

/** Starts the system again, with the same data. */
async function start(): Promise<void> {
  system = await startSystem({ persistTo: folder });
  user = { ...user, jwt: await system.mintJwt(user) };
}

const versions = (method: string, path: string, body?: object): Promise<Response> =>
  fetch(`${roomUrl()}/snapshots${path}`, {
    method,
    headers: { authorization: `Bearer ${user.token}` },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });

async function expectSameRow(): Promise<void> {
  // The room may report itself between the two readings: then they are read again.
  await until('the same row in Postgres', async () => {
    await system.runCron();
    const row = await instance(user);
    const copy = await mirrored(row?.doName ?? '');
    return row !== undefined && JSON.stringify(copy) === JSON.stringify(row) ? true : undefined;
  });
}

async function connect() {
  return connectClient(`${system.wsOrigin}/documents`, ROOM, user.jwt);
}

function roomUrl(): string {
  return `${system.origin}/documents/${encodeURIComponent(ROOM)}`;
}

async function readOverHttp(): Promise<Y.Doc> {
  const response = await system.get(user, `/documents/${encodeURIComponent(ROOM)}`);
  expect(response.status).toBe(200);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
  return doc;
}

async function instance(of: User): Promise<z.infer<typeof Instance> | undefined> {
  const response = await system.get(of, '/api/instances');
  expect(response.status).toBe(200);
  return Instances.parse(await response.json()).instances.find(({ resourceName }) => resourceName === ROOM);
}

/** The row as Postgres has it, in the API's words. */
async function mirrored(doName: string): Promise<z.infer<typeof Instance> | undefined> {
  const client = new pg.Client({ connectionString: system.postgresUrl ?? '' });
  await client.connect();
  try {
    const { rows } = await client.query(
      `select do_type, resource_name, do_name, storage_bytes::float8, created_at, last_accessed_at
       from durable_object_instance where do_name = $1`,
      [doName],
    );
    const [row] = rows;
    if (row === undefined) return undefined;
    return Instance.parse({
      doType: row.do_type,
      resourceName: row.resource_name,
      doName: row.do_name,
      storageBytes: row.storage_bytes,
      createdAt: row.created_at.toISOString(),
      lastAccessedAt: row.last_accessed_at.toISOString(),
    });
  } finally {
    await client.end();
  }
}
