import { createScheduledController, evictDurableObject } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { expect } from 'vitest';
import worker from '../../../src/index.ts';
import { ORIGIN } from '../support/auth-app.ts';
import { bearer, fetchJwt, type TestUser } from '../support/auth-users.ts';
import type { RawSocket } from '../support/raw-socket.ts';
import { getRoomStub } from '../support/room-app.ts';
import { openSocket } from '../support/whole-worker.ts';

/** The room that these tests meet in, unless they need another. */
export const PATH = '/documents/notes';

/** One socket for each way in which a session lets one in: its cookie, its token, a JWT that was given out for it. */
export async function openEachWay(user: TestUser, path: string = PATH): Promise<RawSocket[]> {
  return [
    await openSocket(path, { cookie: user.cookie, origin: ORIGIN }),
    await openSocket(path, bearer(user.sessionToken)),
    await openSocket(`${path}?token=${await fetchJwt(user)}`),
  ];
}

export async function closeCodes(sockets: readonly RawSocket[]): Promise<number[]> {
  return Promise.all(sockets.map(async ({ closed }) => (await closed).code));
}

/** Puts the room to sleep with its sockets open. */
export async function hibernate({ id }: TestUser, name = 'notes'): Promise<void> {
  await evictDurableObject(getRoomStub('document', id, name), { webSockets: 'hibernate' });
}

/** What the cron does each minute. */
export async function runCron(): Promise<void> {
  await worker.scheduled(createScheduledController(), env);
}

/** An entry of the queue as it stands in D1. */
interface Entry {
  user_id: string;
  session_id: string;
  told_through: string;
  missed: number;
}

export async function readQueue({ id }: Pick<TestUser, 'id'>): Promise<Entry[]> {
  const sql = 'SELECT * FROM ended_session WHERE user_id = ? ORDER BY due_at, session_id';
  return (await env.DB.prepare(sql).bind(id).all<Entry>()).results;
}

export async function run(sql: string, ...parameters: (string | number)[]): Promise<D1Meta> {
  const { meta } = await env.DB.prepare(sql)
    .bind(...parameters)
    .run();
  return meta;
}

/** That a socket is open and served. */
export async function expectOpen(socket: RawSocket): Promise<void> {
  expect(await Promise.race([socket.waitUntilHandled(), socket.closed])).toEqual(expect.any(Array));
}
