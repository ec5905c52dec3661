import { runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { getErasedUserKey } from '../../../src/domain/erasure-request.ts';
import { bearer, fetchJwt, signUpUser, type TestUser } from '../support/auth-users.ts';
import { getRoomStub } from '../support/room-app.ts';
import { send } from '../support/whole-worker.ts';

/** A row of the audit trail. */
interface TrailRow {
  id: string;
  user_id: string;
  requested_by: string;
  requested_at: number;
  finished_at: number | null;
  sockets: number;
  rooms_found: number;
  rooms_erased: number;
  failures: number;
}

export interface Owner extends TestUser {
  readonly jwt: string;
  readonly rooms: readonly string[];
}

/** A user with content in rooms, and a JWT that is valid for longer than the account exists. */
export async function createOwner(rooms: readonly string[]): Promise<Owner> {
  const user = await signUpUser();
  for (const room of rooms) {
    // oxlint-disable-next-line no-await-in-loop
    await put(room, user.sessionToken);
  }
  return { ...user, jwt: await fetchJwt(user), rooms };
}

export async function put(room: string, token: string): Promise<Response> {
  return send(`/documents/${room}`, { method: 'PUT', headers: bearer(token) });
}

export async function deleteAccount({ sessionToken }: TestUser): Promise<Response> {
  return send('/api/account', { method: 'DELETE', headers: bearer(sessionToken) });
}

export function getEraser({ id }: Pick<TestUser, 'id'>) {
  return env.ACCOUNT_ERASER.getByName(getErasedUserKey(id));
}

export async function readTrail({ id }: Pick<TestUser, 'id'>): Promise<TrailRow[]> {
  const { results } = await env.DB.prepare(
    'SELECT * FROM erasure WHERE user_id IN (?, ?) ORDER BY requested_at',
  )
    .bind(id, getErasedUserKey(id))
    .all<TrailRow>();
  return results;
}

export async function readStepLines(
  erasureId: string,
): Promise<{ what: string; result: string; detail: string | null }[]> {
  const { results } = await env.DB.prepare('SELECT * FROM erasure_step WHERE erasure_id = ? ORDER BY number')
    .bind(erasureId)
    .all<{ what: string; result: string; detail: string | null }>();
  return results;
}

/** Lets the eraser do now what it would do later, and waits for it, also where it is at it already. */
export async function turn(user: Pick<TestUser, 'id'>): Promise<void> {
  const eraser = getEraser(user);
  await runInDurableObject(eraser, async (_, { storage }) => {
    if (!hasTable(storage, 'room')) return;
    storage.sql.exec('UPDATE room SET due_at = 0');
    // The test's own way to ring takes the alarm away first; the platform takes it away once it was handled.
    await storage.setAlarm(Date.now() + 60_000);
  });
  await runDurableObjectAlarm(eraser);
  // Each run ends by setting the alarm for the next, or by leaving nothing.
  for (let polls = 0; polls < 50; polls += 1) {
    const isAtRest = await runInDurableObject(
      eraser,
      async (_, { storage }) => !hasTable(storage, 'room') || (await storage.getAlarm()) !== null,
    );
    if (isAtRest) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** Waits until the newest erasure of a user is finished and nothing is left of its eraser. */
export async function untilErased(user: Pick<TestUser, 'id'>): Promise<TrailRow> {
  for (let turns = 0; turns < 200; turns += 1) {
    const last = (await readTrail(user)).at(-1);
    if (last?.finished_at !== null && last !== undefined && (await isGone(user))) return last;
    await turn(user);
  }
  throw new Error(`not erased: ${JSON.stringify(await readTrail(user))}`);
}

/** Whether the eraser's object holds nothing. */
export async function isGone(user: Pick<TestUser, 'id'>): Promise<boolean> {
  return runInDurableObject(
    getEraser(user),
    (_, { storage }) => !hasTable(storage, 'room') && [...storage.kv.list()].length === 0,
  );
}

function hasTable({ sql }: DurableObjectStorage, name: string): boolean {
  return sql.exec('SELECT 1 FROM sqlite_master WHERE name = ?', name).toArray().length > 0;
}

/** How many rows D1 has of a user, table by table; those of the trail and the mirror's tombstones are not counted. */
export async function readRows({ id, email = id }: Pick<TestUser, 'id'> & { email?: string }) {
  const counts = await env.DB.prepare(
    `SELECT (SELECT count(*) FROM user WHERE id = ?1 OR email = ?2) AS user,
       (SELECT count(*) FROM session WHERE user_id = ?1) AS session,
       (SELECT count(*) FROM account WHERE user_id = ?1) AS account,
       (SELECT count(*) FROM verification WHERE value = ?1 OR instr(identifier, ?2)) AS verification,
       (SELECT count(*) FROM ended_session WHERE user_id = ?1) AS ended_session,
       (SELECT count(*) FROM durable_object_instance WHERE user_id = ?1) AS durable_object_instance`,
  )
    .bind(id, email)
    .first<Record<string, number>>();
  return counts;
}

export const NOTHING = {
  user: 0,
  session: 0,
  account: 0,
  verification: 0,
  ended_session: 0,
  durable_object_instance: 0,
};

/** What a room's object still holds: nothing but the marker of its deletion, or more. */
export async function readContent(
  { id }: Pick<TestUser, 'id'>,
  room: string,
): Promise<'marker' | 'nothing' | 'content'> {
  return runInDurableObject(getRoomStub('document', id, room), (_, { storage }) => {
    const record = storage.kv.get<{ deletedAt: number | null }>('room');
    if (hasTable(storage, 'update_log')) return 'content';
    if (record === undefined) return 'nothing';
    return record.deletedAt === null ? 'content' : 'marker';
  });
}

/** Objects with a statement that is not finished: SQLite drops no table meanwhile. */
const open = new Map<string, () => void>();

/** Makes a room's object unable to be emptied; `repair` undoes it. */
export async function damage({ id }: Pick<TestUser, 'id'>, room: string): Promise<void> {
  await runInDurableObject(getRoomStub('document', id, room), (_, { storage, id: object }) => {
    storage.sql.exec('CREATE TABLE held (number INTEGER)');
    storage.sql.exec('INSERT INTO held VALUES (1), (2)');
    const cursor = storage.sql.exec('SELECT number FROM held');
    cursor.next();
    // An object that is idle for 10 s leaves memory, and its statements with it.
    const awake = setInterval(() => {}, 1_000);
    open.set(object.toString(), () => {
      clearInterval(awake);
      cursor.toArray();
    });
  });
}

export async function repair({ id }: Pick<TestUser, 'id'>, room: string): Promise<void> {
  await runInDurableObject(getRoomStub('document', id, room), (_, { storage, id: object }) => {
    open.get(object.toString())?.();
    open.delete(object.toString());
    storage.sql.exec('DROP TABLE IF EXISTS held');
  });
}
