import type { Context } from 'hono';
import type { AppEnv, Bindings } from '../../domain/env.ts';
import type { InstanceReport } from '../../domain/instance.ts';
import { within } from '../../lib/within.ts';
import { callRoom, getObjectId } from './call-room.ts';
import type { RoomResult, RegistryPort } from '../contract/contract.ts';
import type { CountCreation } from './creation-limits.ts';
import type { LiveRoom } from '../contract/description.ts';
import { RECORD_TIMEOUT_MS } from '../limits/report-timing.ts';
import type { RoomAddress } from '../../domain/room-address.ts';
import { describeError } from '../../lib/log-text.ts';

/** What the routes are given: where a room's row is kept. `remove` may give a D1 bookmark for the owner's next read. */
export type CreateRegistry = (env: Bindings) => {
  record: RegistryPort['record'];
  remove(deleted: { doName: string; createdAt: number }): Promise<{ bookmark: string | null }>;
  countCreation: CountCreation;
};

export type RoomContext = Context<AppEnv>;

/** Books a call that reached a room and brought its size back, after the response, where the room says that it is news. */
export function recordUse(
  c: RoomContext,
  address: RoomAddress,
  createRegistry: CreateRegistry,
  { createdAt, shouldRecord, storageBytes, measuredAt }: RoomResult,
): void {
  if (!shouldRecord) return;
  record(c, address, createRegistry, { createdAt, measurement: { storageBytes, measuredAt } }, []);
}

/** Books the size of a room that was looked at and not used, after the response. */
export function recordSize(
  c: RoomContext,
  address: RoomAddress,
  createRegistry: CreateRegistry,
  { createdAt, lastEditAt, storageBytes, measuredAt }: LiveRoom,
): void {
  const seen = { createdAt, accessedAt: lastEditAt, measurement: { storageBytes, measuredAt } };
  record(c, address, createRegistry, seen, []);
}

/**
 * Books a WebSocket that a room accepted, after the response; the size that counts comes later, from the room. The
 * session that vouched for it may have ended by now: between the check of the credential and this, or before, while a
 * JWT of it is still good. Asked for in the transaction that books the use: either the session is over already, or the
 * booking is there for whoever ends it to find the room by.
 */
export function recordOpening(
  c: RoomContext,
  address: RoomAddress,
  createRegistry: CreateRegistry,
  createdAt: number,
): void {
  const { sessionId } = c.get('principal');
  const sessionIds = sessionId === null ? [] : [sessionId];
  record(c, address, createRegistry, { createdAt, measurement: null }, sessionIds);
}

/** What fails here the room makes good by its own report. */
function record(
  c: RoomContext,
  address: RoomAddress,
  createRegistry: CreateRegistry,
  seen: Pick<InstanceReport, 'createdAt' | 'measurement'> & Partial<Pick<InstanceReport, 'accessedAt'>>,
  sessionIds: readonly string[],
): void {
  const { env } = c;
  const report: InstanceReport = {
    ...address,
    accessedAt: Date.now(),
    ...seen,
    doId: getObjectId(env, address),
  };
  c.get('afterResponse').push('record instance', async () => {
    let ended: readonly string[];
    let isErased: boolean;
    try {
      ({ endedSessions: ended, isErased } = await within(
        RECORD_TIMEOUT_MS,
        createRegistry(env).record(report, sessionIds),
      ));
    } catch (error) {
      console.error({ event: 'report not recorded', doName: address.doName, error: describeError(error) });
      await callRoom(env, address, async (stub) => stub.reportLater(report.accessedAt));
      return;
    }
    // Made or used with a JWT that outlived the account.
    if (isErased) await callRoom(env, address, async (stub) => stub.erase());
    else if (ended.length > 0) await callRoom(env, address, async (stub) => stub.endSockets(ended));
  });
}
