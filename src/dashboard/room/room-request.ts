import type { DoType } from '../../domain/instance.ts';
import type { SignedInUser } from '../http/current-user.ts';
import type { PageContext } from '../http/page-response.ts';
import type { RoomDeps, RoomRef } from './deps.ts';

export interface RoomRequest {
  readonly c: PageContext;
  readonly user: SignedInUser;
  readonly room: RoomRef;
}

type RoomRefResult =
  | { readonly ok: true; readonly room: RoomRef }
  | { readonly ok: false; readonly detail: string };

/** The room in the address. Decoded here, because the router accepts malformed percent-encoding. */
export function readRoomRef(c: PageContext, deps: RoomDeps, userId: string, doType: DoType): RoomRefResult {
  const encoded = new URL(c.req.url).pathname.split('/')[3] ?? '';
  let resourceName: string;
  try {
    resourceName = decodeURIComponent(encoded);
  } catch {
    return { ok: false, detail: 'The room name in this address is not valid. Check the address.' };
  }
  const room = { doType, resourceName };
  const problem = deps.findNameProblem(userId, room);
  return problem === null ? { ok: true, room } : { ok: false, detail: problem };
}

/** The incarnation that the form was rendered for; '' matches none. */
export const readIncarnation = (fields: URLSearchParams): string => fields.get('incarnation') ?? '';
