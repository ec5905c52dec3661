import { problem } from '../../lib/problem.ts';
import { CLOSE_CODES, type CloseCode } from '../../lib/refuse-upgrade.ts';
import type { RoomRefusal } from './contract.ts';
import type { RoomAddress } from '../../domain/room-address.ts';

type Kind = RoomRefusal['kind'];

/** HTTP statuses. Only `deleted` says that a user deleted the room. */
const STATUSES = { absent: 404, deleted: 410, gone: 409, former: 409 } as const satisfies Record<
  Kind,
  number
>;

/** WebSocket close codes and reasons (at most 123 bytes). */
export const ROOM_REFUSALS: Readonly<Record<Kind, { readonly code: CloseCode; readonly reason: string }>> = {
  absent: {
    code: CLOSE_CODES.absent,
    reason: 'there is no room of this incarnation: keep your copy; PUT creates the room',
  },
  deleted: { code: CLOSE_CODES.deleted, reason: 'the room was deleted' },
  gone: {
    code: CLOSE_CODES.replaced,
    reason: 'the room is another incarnation: keep your copy; name no incarnation to open this one',
  },
  former: {
    code: CLOSE_CODES.replaced,
    reason: 'this has content from before the room was deleted: keep it; PUT ?readmit=true lets it back in',
  },
};

/** Creates the HTTP response of a refusal. */
export function createRefusalResponse(kind: Kind, { doType, resourceName }: RoomAddress): Response {
  const room = `the ${doType} "${resourceName}"`;
  const details = {
    absent: `There is no ${doType} "${resourceName}", or it has not this incarnation. Nobody deleted it: keep your copy. PUT creates the room, as do a POST and a WebSocket that name no incarnation.`,
    deleted: `The ${doType} "${resourceName}" was deleted. PUT recreates it, empty.`,
    gone: `Now ${room} is another incarnation than the one you name. Keep your copy. To open the room, name no incarnation and use a new document; PUT with ?readmit=true lets old content back in.`,
    former: `This has content of ${room} from before it was deleted. Keep your copy. Open the room with a new document, or let the old content back in by PUT with ?readmit=true.`,
  };
  return problem(STATUSES[kind], details[kind]);
}
