import { problem } from '../../lib/problem.ts';
import { CLOSE_CODES, isUpgrade, refuseUpgrade } from '../../lib/refuse-upgrade.ts';
import { findInvalidParameter } from '../../lib/invalid-parameter.ts';
import { readIncarnation } from '../../domain/incarnation.ts';
import { type RoomAddress, createRoomAddress, decodeUserId } from '../../domain/room-address.ts';
import { readRoomPath } from '../../domain/room-paths.ts';
import type { RoomContext } from './record-use.ts';

type Found =
  | { ok: true; address: RoomAddress; /** That the request names. */ incarnation: string | null }
  | { ok: false; response: Response };

/**
 * The room that the request's path names. Only its owner is let in: everyone else is refused here, before an object is
 * touched, so that nobody learns which rooms exist.
 */
export function findRoom(c: RoomContext): Found {
  const { userId: callerId } = c.get('principal');
  if (callerId === null) return refuse(c, 403, 'An operator token has no rooms; use a user’s credential.');
  // The router's own decoding accepts what is malformed, so the path is read as it was sent.
  const path = readRoomPath(new URL(c.req.url).pathname);
  if (path === null) return refuse(c, 400, 'The path names no room.');
  const ownerId = path.encodedUserId === null ? callerId : decodeUserId(path.encodedUserId);
  if (ownerId === null)
    return refuse(c, 400, 'The user id in the path is malformed; use encodeURIComponent on it.');
  const addressed = createRoomAddress(ownerId, path.doType, path.encodedName);
  if (!addressed.ok) return refuse(c, 400, addressed.detail);
  if (ownerId !== callerId)
    return refuse(c, 403, 'This room belongs to another user. GET /api/me says who you are.');
  const wrong = findInvalidParameter(new URL(c.req.url).searchParams, parametersOf(c.req.raw));
  if (wrong !== null) return refuse(c, 400, wrong.detail, { field: wrong.name });
  const named = readIncarnation(c.req.raw);
  return named.ok
    ? { ...addressed, incarnation: named.incarnation }
    : refuse(c, 400, 'That is no incarnation: name the one that the room answered with.');
}

/** Of every route of a room, of an upgrade, and of a `PUT`, which is on the room itself alone. */
const PARAMETERS = new Set(['incarnation']);
const UPGRADE_PARAMETERS = new Set([...PARAMETERS, 'token', 'watch']);
const PUT_PARAMETERS = new Set([...PARAMETERS, 'readmit']);

function parametersOf(request: Request): ReadonlySet<string> {
  if (isUpgrade(request)) return UPGRADE_PARAMETERS;
  return request.method === 'PUT' ? PUT_PARAMETERS : PARAMETERS;
}

function refuse(
  c: RoomContext,
  status: 400 | 403,
  detail: string,
  extra: Readonly<Record<string, string>> = {},
): Found {
  const code = status === 400 ? CLOSE_CODES.malformed : CLOSE_CODES.forbidden;
  const response = isUpgrade(c.req.raw)
    ? refuseUpgrade(c.req.raw, code, detail)
    : problem(status, detail, extra);
  return { ok: false, response };
}
