import type { DoType } from '../instance.ts';
import { problem } from '../problem.ts';
import { CLOSE_CODES, isUpgrade, refuseUpgrade } from '../refuse-upgrade.ts';
import { namedIncarnation } from './incarnation.ts';
import { type RoomAddress, addressRoom } from './name.ts';
import type { RoomContext } from './record-use.ts';

type Found =
  | { ok: true; address: RoomAddress; /** That the request names. */ incarnation: string | null }
  | { ok: false; response: Response };

/** The caller's room that the path names. Whose it is comes from the credential alone, never from the request. */
export function findRoom(c: RoomContext, doType: DoType): Found {
  const principal = c.get('principal');
  if (principal.userId === null)
    return refuse(c, 403, 'An operator token has no rooms; use a user’s credential.');
  // The router's own decoding forgives what is malformed; the name is read from the path as it was sent.
  const encodedName = new URL(c.req.url).pathname.split('/')[2] ?? '';
  const addressed = addressRoom(principal.userId, doType, encodedName);
  if (!addressed.ok) return refuse(c, 400, addressed.detail);
  const named = namedIncarnation(c.req.raw);
  return named.ok
    ? { ...addressed, incarnation: named.incarnation }
    : refuse(c, 400, 'An incarnation is the digits that the room answered with.');
}

function refuse(c: RoomContext, status: 400 | 403, detail: string): Found {
  const code = status === 400 ? CLOSE_CODES.malformed : CLOSE_CODES.forbidden;
  const response = isUpgrade(c.req.raw) ? refuseUpgrade(c.req.raw, code, detail) : problem(status, detail);
  return { ok: false, response };
}
