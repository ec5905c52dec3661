import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { readIncarnation } from '../../domain/incarnation.ts';
import { createRoomAddress, decodeUserId, type RoomAddress } from '../../domain/room-address.ts';
import { readRoomPath } from '../../domain/room-paths.ts';
import { findInvalidParameter } from '../../lib/invalid-parameter.ts';
import { problem } from '../../lib/problem.ts';
import { CLOSE_CODES, isUpgrade, refuseUpgrade } from '../../lib/refusals/refuse-upgrade.ts';

export type RoomContext = Context<AppEnv>;

/** The room that a request names, and the incarnation that it names; `null` if it names none. */
export interface FoundRoom {
  readonly address: RoomAddress;
  readonly incarnation: string | null;
}

type FindResult = ({ readonly ok: true } & FoundRoom) | { readonly ok: false; readonly response: Response };

/**
 * Reads the room that a request names. Only its owner is admitted. Other callers are refused before the object is called, so
 * that they do not learn whether the room exists.
 */
export function findRoom(c: RoomContext): FindResult {
  const { userId: callerId } = c.get('principal');
  if (callerId === null)
    return refuse(c, 403, 'An operator token has no rooms. Use the credential of a user.');
  const { pathname, searchParams } = new URL(c.req.url);
  // The path as it was sent: the router's decoding accepts malformed percent-encoding.
  const path = readRoomPath(pathname);
  if (path === null) return refuse(c, 400, 'The path names no room.');
  const ownerId = path.encodedUserId === null ? callerId : decodeUserId(path.encodedUserId);
  if (ownerId === null)
    return refuse(c, 400, 'The user id in the path is malformed. Use encodeURIComponent on it.');
  const addressed = createRoomAddress(ownerId, path.doType, path.encodedName);
  if (!addressed.ok) return refuse(c, 400, addressed.detail);
  if (ownerId !== callerId)
    return refuse(c, 403, 'This room belongs to another user. GET /api/me returns your user id.');
  const invalid = findInvalidParameter(searchParams, getAllowedParameters(c.req.raw));
  if (invalid !== null) return refuse(c, 400, invalid.detail, { field: invalid.name });
  const named = readIncarnation(c.req.raw);
  return named.ok
    ? { ...addressed, incarnation: named.incarnation }
    : refuse(c, 400, 'The incarnation is malformed. Send the Room-Incarnation of the last response.');
}

const PARAMETERS = new Set(['incarnation']);
const UPGRADE_PARAMETERS = new Set([...PARAMETERS, 'token', 'watch']);
const PUT_PARAMETERS = new Set([...PARAMETERS, 'readmit']);

function getAllowedParameters(request: Request): ReadonlySet<string> {
  if (isUpgrade(request)) return UPGRADE_PARAMETERS;
  return request.method === 'PUT' ? PUT_PARAMETERS : PARAMETERS;
}

function refuse(
  c: RoomContext,
  status: 400 | 403,
  detail: string,
  extra: Readonly<Record<string, string>> = {},
): FindResult {
  const code = status === 400 ? CLOSE_CODES.malformed : CLOSE_CODES.forbidden;
  const response = isUpgrade(c.req.raw)
    ? refuseUpgrade(c.req.raw, code, detail)
    : problem(status, detail, extra);
  return { ok: false, response };
}
