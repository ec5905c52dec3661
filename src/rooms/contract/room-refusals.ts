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
    reason: 'This incarnation does not exist. Keep your copy. PUT creates the room.',
  },
  deleted: { code: CLOSE_CODES.deleted, reason: 'The room was deleted.' },
  gone: {
    code: CLOSE_CODES.replaced,
    reason: 'The room has another incarnation. Keep your copy. To open the room, name no incarnation.',
  },
  former: {
    code: CLOSE_CODES.replaced,
    reason: 'Content from before the room was deleted. Keep your copy. PUT ?readmit=true accepts it.',
  },
};

/** Creates the HTTP response of a refusal. */
export function createRefusalResponse(kind: Kind, { doType, resourceName }: RoomAddress): Response {
  const details = {
    absent: `The ${doType} "${resourceName}" does not exist, or not in this incarnation. It was not deleted: keep your copy. To create the room, use PUT, or a POST or WebSocket without an incarnation.`,
    deleted: `The ${doType} "${resourceName}" was deleted. PUT recreates it, empty.`,
    gone: `The ${doType} "${resourceName}" has another incarnation than the one in the request. Keep your copy. To open the room, name no incarnation and use a new Yjs document. To accept old content, use PUT with ?readmit=true.`,
    former: `The request has content from before the ${doType} "${resourceName}" was deleted. Keep your copy. Open the room with a new Yjs document, or accept old content by PUT with ?readmit=true.`,
  };
  return problem(STATUSES[kind], details[kind]);
}
