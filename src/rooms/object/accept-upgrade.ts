import { CLOSE_CODES, getSubprotocolHeaders, refuseUpgrade } from '../../lib/refusals/refuse-upgrade.ts';
import {
  CREATED_AT_HEADER,
  EXPIRES_AT_HEADER,
  IS_OBSERVER_HEADER,
  MUST_CREATE_HEADER,
  MUST_EXIST_HEADER,
  SESSION_ID_HEADER,
  SHOULD_RECORD_HEADER,
} from '../contract/contract.ts';
import { readCaller } from '../contract/caller-headers.ts';
import { ROOM_REFUSALS } from '../contract/room-refusals.ts';
import { INCARNATION_HEADER } from '../../domain/incarnation.ts';
import { SIGNED_OUT } from '../sync/sockets.ts';
import type { Room } from './room.ts';

/** Accepts or refuses a WebSocket upgrade. The Worker has checked the credential. */
export function acceptUpgrade(room: Room, request: Request): Response {
  const { headers } = request;
  const now = Date.now();
  const refused = refuseByRoom(room, request, now) ?? refuseByCaller(room, request, now);
  if (refused !== null) return refused;
  room.beginCall();
  room.createIfMissing(now);
  const { 0: client, 1: server } = new WebSocketPair();
  const sessionId = headers.get(SESSION_ID_HEADER);
  const caller = readCaller(headers);
  const expiresAt = Number(headers.get(EXPIRES_AT_HEADER) ?? Number.NaN);
  room.sockets.accept(server, {
    expiresAt: Number.isFinite(expiresAt) ? expiresAt : null,
    sessionId,
    ...(headers.has(IS_OBSERVER_HEADER) && { watches: true }),
    ...(caller !== null && { caller }),
  });
  room.refused.recordAccepted(caller, now);
  room.requestExpiryCheck(now);
  return new Response(null, {
    status: 101,
    webSocket: client,
    headers: {
      ...getSubprotocolHeaders(request),
      [CREATED_AT_HEADER]: String(room.state.createdAt),
      [INCARNATION_HEADER]: room.state.incarnation,
      ...(room.reports.opened(sessionId, now) && { [SHOULD_RECORD_HEADER]: 'true' }),
    },
  });
}

/** Refuses an upgrade because of the room's status or its number of sockets; `null`: not refused. */
function refuseByRoom(room: Room, request: Request, now: number): Response | null {
  const { headers } = request;
  const refusal = room.getRefusal(headers.get(INCARNATION_HEADER));
  if (refusal !== null)
    return refuseUpgrade(request, ROOM_REFUSALS[refusal].code, ROOM_REFUSALS[refusal].reason);
  if (headers.has(MUST_EXIST_HEADER) && room.state.status !== 'live') {
    return new Response(null, { status: 404, headers: { [MUST_CREATE_HEADER]: 'true' } });
  }
  const isObserver = headers.has(IS_OBSERVER_HEADER);
  const { maxSockets } = room.limits;
  room.sockets.probeSilent(now);
  if (room.sockets.hasSpaceFor(isObserver, maxSockets, now)) return null;
  const what = isObserver ? 'observers' : 'sockets';
  return refuseUpgrade(
    request,
    CLOSE_CODES.tryAgainLater,
    `The room has its maximum of ${maxSockets} ${what}. Try again later.`,
  );
}

/** Refuses an upgrade because the session has ended, or because the caller was refused before; `null`: not refused. */
function refuseByCaller(room: Room, request: Request, now: number): Response | null {
  if (room.refused.hasEnded(request.headers.get(SESSION_ID_HEADER)))
    return refuseUpgrade(request, CLOSE_CODES.unauthenticated, SIGNED_OUT);
  const earlier = room.refused.getRefusal(readCaller(request.headers), now);
  return earlier === null ? null : refuseUpgrade(request, earlier.code, earlier.reason, earlier);
}
