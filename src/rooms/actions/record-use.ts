import type { InstanceReport } from '../../domain/instance.ts';
import type { RoomAddress } from '../../domain/room-address.ts';
import { describeError } from '../../lib/log-text.ts';
import { within } from '../../lib/within.ts';
import type { RoomResult } from '../contract/contract.ts';
import type { LiveRoom } from '../contract/description.ts';
import { RECORD_TIMEOUT_MS } from '../limits/report-timing.ts';
import type { ActionContext } from './action-context.ts';
import { callRoom, getObjectId } from './call-room.ts';

/** Records the use of a room and its size after the response, if the room asks for it. */
export function recordUse(
  context: ActionContext,
  address: RoomAddress,
  { createdAt, shouldRecord, storageBytes, measuredAt }: RoomResult,
): void {
  if (!shouldRecord) return;
  record(context, address, { createdAt, measurement: { storageBytes, measuredAt } }, []);
}

/** Records the size of a room that was described, which is not a use, after the response. */
export function recordSize(
  context: ActionContext,
  address: RoomAddress,
  { createdAt, lastEditAt, storageBytes, measuredAt }: LiveRoom,
): void {
  const observed = { createdAt, accessedAt: lastEditAt, measurement: { storageBytes, measuredAt } };
  record(context, address, observed, []);
}

/**
 * Records an accepted WebSocket after the response; the room reports its size later. The session may end between the check of
 * the credential and this record, so the same transaction checks it: either the session has ended and the socket is closed
 * here, or the pass over ended sessions finds the room by this record.
 */
export function recordOpening(
  context: ActionContext,
  address: RoomAddress,
  createdAt: number,
  sessionId: string | null,
): void {
  record(context, address, { createdAt, measurement: null }, sessionId === null ? [] : [sessionId]);
}

/** If this fails, the room reports itself. */
function record(
  { env, registry, afterResponse }: ActionContext,
  address: RoomAddress,
  observed: Pick<InstanceReport, 'createdAt' | 'measurement'> & Partial<Pick<InstanceReport, 'accessedAt'>>,
  sessionIds: readonly string[],
): void {
  const report: InstanceReport = {
    ...address,
    accessedAt: Date.now(),
    ...observed,
    doId: getObjectId(env, address),
  };
  afterResponse.push('record instance', async () => {
    let endedSessions: readonly string[];
    let isErased: boolean;
    try {
      ({ endedSessions, isErased } = await within(RECORD_TIMEOUT_MS, registry.record(report, sessionIds)));
    } catch (error) {
      console.error({ event: 'report_not_recorded', doName: address.doName, error: describeError(error) });
      await callRoom(env, address, async (stub) => stub.reportLater(report.accessedAt));
      return;
    }
    // The room was created or used with a JWT that outlived the account.
    if (isErased) await callRoom(env, address, async (stub) => stub.erase());
    else if (endedSessions.length > 0)
      await callRoom(env, address, async (stub) => stub.endSockets(endedSessions));
  });
}
