import { getIncarnation, INCARNATION_HEADER, type Incarnation } from '../../domain/incarnation.ts';
import type { RoomAddress } from '../../domain/room-address.ts';
import { problem } from '../../lib/problem.ts';
import type { Refusal } from '../actions/action-result.ts';
import type { AlreadyExists, Revision, RoomResult, RpcBytes } from '../contract/contract.ts';
import { MAX_STATE_VECTOR_HEADER_BYTES } from '../limits/room-limits.ts';
import type { RoomContext } from './find-room.ts';

/** Headers that name the content which the client has after the response. */
function getRevisionHeaders(revision: Revision & Incarnation): Record<string, string> {
  const { etag, stateVector } = revision;
  const encoded = stateVector === null ? null : Buffer.from(stateVector).toString('base64url');
  return {
    etag,
    [INCARNATION_HEADER]: getIncarnation(revision),
    'cache-control': 'private, no-cache',
    ...(encoded !== null &&
      encoded.length <= MAX_STATE_VECTOR_HEADER_BYTES && { 'yjs-state-vector': encoded }),
  };
}

/** One Yjs update. */
export function createUpdateResponse(bytes: RpcBytes, headers: Record<string, string>): Response {
  return new Response(bytes, {
    headers: {
      ...headers,
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
    },
  });
}

/**
 * The state of a room, or what a client lacks of it.
 * @param emptyStatus the status if there are no bytes to send
 */
export function createStateResponse(
  bytes: RpcBytes | null,
  revision: Revision & RoomResult,
  emptyStatus: 204 | 304,
): Response {
  const headers = getRevisionHeaders(revision);
  return bytes === null
    ? new Response(null, { status: emptyStatus, headers })
    : createUpdateResponse(bytes, headers);
}

export function createRefusalResponse({ status, detail, retryAfterS }: Refusal): Response {
  return problem(status, detail, {}, retryAfterS === null ? {} : { 'retry-after': String(retryAfterS) });
}

/** For a `PUT` with content if the room exists already. */
export function createExistsResponse({ doType, resourceName }: RoomAddress, exists: AlreadyExists): Response {
  const room = `The ${doType} "${resourceName}" exists`;
  const detail = exists.isStored
    ? `${room}, and it has everything in this update. If the response to an earlier attempt was lost, that attempt succeeded.`
    : `${room}. Its content was not replaced. POST adds the update to it. To replace the content, DELETE the room first.`;
  return problem(
    409,
    detail,
    { stored: exists.isStored, incarnation: getIncarnation(exists) },
    { ...getRevisionHeaders(exists), 'cache-control': 'no-store' },
  );
}

export function createMethodNotAllowed(c: RoomContext, allow: string): Response {
  return problem(405, `${c.req.method} is not allowed here. Use ${allow}.`, {}, { allow });
}
