import type { DoType } from '../../domain/instance.ts';
import type { SignedInUser } from '../http/current-user.ts';
import type { PageContext } from '../http/page-response.ts';
import type { RoomDeps, RoomRef } from './deps.ts';

/** What a page or an action of a room is given. */
export interface OfRoom {
  readonly c: PageContext;
  readonly user: SignedInUser;
  readonly room: RoomRef;
}

type Found = { readonly ok: true; readonly room: RoomRef } | { readonly ok: false; readonly detail: string };

/** Which room a page's address names. Read as it was sent, since the router's own decoding forgives what is malformed. */
export function roomOf(c: PageContext, deps: RoomDeps, userId: string, doType: DoType): Found {
  const encoded = new URL(c.req.url).pathname.split('/')[3] ?? '';
  let resourceName: string;
  try {
    resourceName = decodeURIComponent(encoded);
  } catch {
    return { ok: false, detail: 'The name in this address is not valid.' };
  }
  const room = { doType, resourceName };
  const flaw = deps.flawOfName(userId, room);
  return flaw === null ? { ok: true, room } : { ok: false, detail: flaw };
}

/** The life of the room that a form was made of. Without one, which no form of ours is, it names none that can be. */
export const incarnationIn = (fields: URLSearchParams): string => fields.get('incarnation') ?? '';
