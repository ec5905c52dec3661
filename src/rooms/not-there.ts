import { problem } from '../problem.ts';
import type { NotThere } from './contract.ts';
import type { RoomAddress } from './name.ts';

/** Why a client is not let into a room, told over a WebSocket: the reasons beside close code 4410. */
export const CLOSE_REASONS = {
  deleted: 'the room was deleted',
  gone: 'this incarnation was deleted: open the room anew',
  former: 'this document has content that was deleted: open the room anew with a new one',
} as const;

/** The same over HTTP. */
export function notThere(kind: NotThere['kind'], { doType, resourceName }: RoomAddress): Response {
  const room = `the ${doType} "${resourceName}"`;
  const details = {
    absent: `There is no ${doType} "${resourceName}". PUT creates it, as do a POST and a WebSocket.`,
    deleted: `The ${doType} "${resourceName}" was deleted. PUT recreates it, empty.`,
    gone: `This incarnation of ${room} was deleted. Open the room anew: with a new document, naming no incarnation.`,
    former: `This has content of ${room} from before it was deleted. Open the room anew with a new document, or let its old content back in by a PUT with ?readmit=true.`,
  };
  return problem(kind === 'absent' ? 404 : 410, details[kind]);
}
