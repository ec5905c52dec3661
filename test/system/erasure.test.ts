import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import * as encoding from 'lib0/encoding';
import { afterAll, beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { z } from 'zod';
import { createRandom } from '../../scripts/lib/random.ts';
import { inParallel } from '../../src/lib/in-parallel.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { databases, inDatabase, inRegistry } from '../support/local-databases.ts';
import { removeFolder, startSystem, type System, type User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { migratedFolder } from './site.ts';

/** More of each, or the same again: ERASURE_ROOMS, ERASURE_KILLS, ERASURE_SEED. */
const ROOMS = Number(process.env['ERASURE_ROOMS'] ?? 60);
const KILLS = Number(process.env['ERASURE_KILLS'] ?? 2);
const MAX_MS_BEFORE_FIRST_KILL = 200;
const AT_ONCE = 48;
/** Making the rooms takes most of it, on a slow disk. */
const PATIENCE_MS = 600_000;

const Deleted = z.object({ erasure: z.object({ id: z.string() }) });
const Progress = z.object({
  erasure: z.object({ state: z.string(), roomsFound: z.number(), roomsErased: z.number() }),
});

let folder: string;
beforeAll(async () => {
  folder = await migratedFolder();
});
afterAll(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

const start = () => startSystem({ persistTo: folder, mirror: false });
const pathOf = (index: number) => `/${index % 2 === 0 ? 'documents' : 'workspaces'}/room-${index}`;
const rooms = Array.from({ length: ROOMS }, (_, index) => pathOf(index));

test(
  'an account with hundreds of rooms is erased completely, although all processes are killed repeatedly',
  async () => {
    const seed = Number(process.env['ERASURE_SEED'] ?? randomInt(2 ** 31));
    const random = createRandom(seed);
    console.log(`seed ${seed}`);

    let system = await start();
    const [owner, bystander] = [await system.signUp(), await system.signUp()];
    await inParallel(rooms, AT_ONCE, (room) => write(system, owner, room));
    await write(system, bystander, pathOf(0));
    const sockets = [open(system, owner, pathOf(0)), open(system, owner, pathOf(ROOMS - 1))];
    await Promise.all(sockets.map(({ opened }) => opened));

    const response = await fetch(`${system.origin}/api/account`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${owner.token}` },
    });
    expect(response.status).toBe(202);
    const { id } = Deleted.parse(await response.json()).erasure;

    // The first kill comes before, or while, sockets are ended; the others when N rooms are left.
    const moments = Array.from({ length: KILLS - 1 }, () => Math.floor(random() * ROOMS)).toSorted(
      (a, b) => b - a,
    );
    await sleep(random() * MAX_MS_BEFORE_FIRST_KILL);
    await killAll();
    for (const next of moments) {
      // The erasure does not wait until all is up, and neither does the kill.
      const goingOn = goOn().catch(() => null);
      await until(`${next} rooms to be left`, async () => ((await roomsLeft()) <= next ? true : undefined));
      await killAll();
      await goingOn;
    }
    system = await goOn();
    // A socket of a room without the order ends with the process.
    for (const { closed } of sockets) expect([4401, 1006]).toContain(await closed);

    const last = await until('the erasure to be finished', async () => {
      const now = await progress(system, id);
      return now.state === 'finished' ? now : undefined;
    });
    expect(last.roomsErased).toBe(ROOMS);

    await inParallel(rooms, AT_ONCE, async (room) => {
      const answer = await fetch(system.origin + room, { headers: { authorization: `Bearer ${owner.jwt}` } });
      expect(answer.status).toBe(410);
    });
    const { email, password } = owner;
    const signIn = await fetch(`${system.origin}/api/auth/sign-in/email`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    expect(signIn.status).toBe(401);
    expect((await system.get(owner, '/api/instances')).status).toBe(401);
    expect((await system.get(bystander, pathOf(0))).status).toBe(200);
    await system.stop();

    expect(await inRegistry(folder, 'SELECT count(*) AS count FROM user')).toEqual([{ count: 1 }]);
    expect(await inRegistry(folder, 'SELECT resource_name FROM durable_object_instance')).toEqual([
      { resource_name: 'room-0' },
    ]);
    expect(await inRegistry(folder, 'SELECT count(*) AS count FROM session')).toEqual([{ count: 1 }]);
    expect(await inRegistry(folder, 'SELECT count(*) AS count FROM account')).toEqual([{ count: 1 }]);
    expect(await inRegistry(folder, 'SELECT count(*) AS count FROM ended_session')).toEqual([{ count: 0 }]);

    const objects = (await databases(folder, 'do')).map((file) =>
      inDatabase(file, `SELECT name FROM sqlite_master WHERE name IN ('update_log', 'room', 'step')`),
    );
    expect(objects.length).toBeGreaterThanOrEqual(ROOMS + 1);
    // The bystander's one room alone has a log; an eraser that is done has no list.
    expect(objects.flat()).toEqual([{ name: 'update_log' }]);
  },
  PATIENCE_MS,
);

/** How many rooms the registry still has, the bystander's not counted, whether or not the system runs. */
async function roomsLeft(): Promise<number> {
  const [row] = await inRegistry(folder, 'SELECT count(*) - 1 AS count FROM durable_object_instance');
  return Number(row?.['count']);
}

async function killAll(): Promise<void> {
  await killLeftovers();
  console.log(`killed with ${await roomsLeft()} rooms left`);
}

/** Starts the system and its cron once: only the cron calls an eraser that was never called. */
async function goOn(): Promise<System> {
  const system = await start();
  await system.runCron();
  return system;
}

async function progress(system: System, id: string): Promise<z.infer<typeof Progress>['erasure']> {
  const response = await fetch(`${system.origin}/api/account/erasure/${id}`);
  expect(response.status).toBe(200);
  return Progress.parse(await response.json()).erasure;
}

/** Makes a room that holds something. */
async function write(system: System, user: User, room: string): Promise<void> {
  const doc = new Y.Doc();
  doc.getText('text').insert(0, `what is in ${room}`);
  const body = encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, Y.encodeStateVector(doc));
    encoding.writeVarUint8Array(encoder, Y.encodeStateAsUpdate(doc));
  });
  const headers = { authorization: `Bearer ${user.token}` };
  const response = await fetch(system.origin + room, { method: 'POST', headers, body: new Uint8Array(body) });
  if (!response.ok) throw new Error(`${room} was answered with ${response.status}`);
}

/** `closed` gives the code, 1006 where the connection broke. */
function open(system: System, user: User, room: string): { opened: Promise<void>; closed: Promise<number> } {
  const socket = new WebSocket(`${system.wsOrigin}${room}?token=${user.jwt}`);
  return {
    opened: new Promise((resolve) => socket.addEventListener('open', () => resolve())),
    closed: new Promise((resolve) => socket.addEventListener('close', ({ code }) => resolve(code))),
  };
}
