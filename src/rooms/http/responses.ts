import type { Bindings } from '../../domain/env.ts';
import type { DoType } from '../../domain/instance.ts';
import { problem } from '../../lib/problem.ts';
import { readRoomLimits } from '../limits/read-limits.ts';
import type { RpcBytes, AlreadyExists, RoomResult, Revision } from '../contract/contract.ts';
import type { TooManyRooms } from '../actions/creation-limits.ts';
import { type Incarnation, INCARNATION_HEADER, getIncarnation } from '../../domain/incarnation.ts';
import { MAX_RANGES_PER_ROOM, MAX_STATE_VECTOR_HEADER_BYTES } from '../limits/room-limits.ts';
import { MAX_RANGES_PER_UPDATE, MAX_STRUCT_RANGES_PER_UPDATE } from '../../yjs/limits.ts';
import type { RoomAddress } from '../../domain/room-address.ts';

/** What names the content that a client has after this response. */
export function versionHeaders(version: Revision & Incarnation): Record<string, string> {
  const { etag, stateVector } = version;
  const encoded = stateVector === null ? null : Buffer.from(stateVector).toString('base64url');
  return {
    etag,
    [INCARNATION_HEADER]: getIncarnation(version),
    'cache-control': 'private, no-cache',
    ...(encoded !== null &&
      encoded.length <= MAX_STATE_VECTOR_HEADER_BYTES && { 'yjs-state-vector': encoded }),
  };
}

/** What a room has, or a client lacks. */
export function stateResponse(bytes: RpcBytes, version: Revision & RoomResult): Response {
  return updateResponse(bytes, versionHeaders(version));
}

const SPACE_ADVICE: Readonly<Record<DoType, string>> = {
  workspace: 'Delete content: what is deleted makes space.',
  document:
    'A document keeps deleted content for its versions: delete versions, or move content to another room.',
};

/** For an edit whose inserts the room has no space left for. */
export function roomFull(env: Bindings, doType: DoType): Response {
  const { maxRoomBytes } = readRoomLimits(env);
  return problem(
    413,
    `A room may store ${maxRoomBytes} bytes and ${MAX_RANGES_PER_ROOM} runs of inserts and of deletions. What this edit inserts would exceed that and is not stored; what it deletes is stored. ${SPACE_ADVICE[doType]}`,
  );
}

/** For the content of a `PUT` that no room has space for. */
export function contentTooLarge(env: Bindings): Response {
  const { maxRoomBytes } = readRoomLimits(env);
  return problem(
    413,
    `A room may store ${maxRoomBytes} bytes and ${MAX_RANGES_PER_ROOM} runs of inserts and of deletions, and this content would exceed that. The room is not created. Divide the content among several rooms.`,
  );
}

/** For a version whose restoring edit the room has no space left for. */
export function noSpaceToRestore(env: Bindings): Response {
  const { maxRoomBytes } = readRoomLimits(env);
  return problem(
    413,
    `A room may store ${maxRoomBytes} bytes, and restoring this version would exceed that. Nothing has changed. ${SPACE_ADVICE.document}`,
  );
}

/** For a room that its owner's limits do not allow. */
export function roomNotCreated({ detail, retryAfterS }: TooManyRooms): Response {
  return problem(429, detail, {}, { 'retry-after': String(retryAfterS) });
}

/** For a `PUT` with content of a room that has its own. */
export function roomExists({ doType, resourceName }: RoomAddress, exists: AlreadyExists): Response {
  const room = `The ${doType} "${resourceName}" exists`;
  const detail = exists.isStored
    ? `${room}, and everything in this update is stored in it. If the answer to an earlier attempt was lost, that attempt was successful.`
    : `${room}, and its content is not replaced. POST adds an update to it; DELETE it first to create it with this content.`;
  return problem(
    409,
    detail,
    { stored: exists.isStored, incarnation: getIncarnation(exists) },
    { ...versionHeaders(exists), 'cache-control': 'no-store' },
  );
}

/** For an update that would take more memory to look into than a room has for it. */
export function tooManyEntries(): Response {
  return problem(
    413,
    `An update may have at most ${MAX_STRUCT_RANGES_PER_UPDATE} runs of inserts, and ${MAX_RANGES_PER_UPDATE} together with its deletions; send it in smaller parts.`,
  );
}

/** One Yjs update as a response. */
export function updateResponse(bytes: RpcBytes, headers: Record<string, string>): Response {
  return new Response(bytes, {
    headers: {
      ...headers,
      'content-type': 'application/octet-stream',
      'x-content-type-options': 'nosniff',
    },
  });
}
