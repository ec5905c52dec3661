import type { Outcome } from '../../dashboard/room/deps.ts';
import type { RoomRefusal } from '../../rooms/contract/contract.ts';

const REFUSALS = {
  absent: { status: 404, message: 'There is no such room any more. Nothing was done.' },
  deleted: { status: 410, message: 'The room has been deleted meanwhile. Nothing was done.' },
  gone: {
    status: 409,
    message: 'The room has been deleted and recreated meanwhile, so nothing was done to the new one.',
  },
  former: { status: 409, message: 'That is of an earlier incarnation of the room. Nothing was done.' },
} as const;

/** What is said where an action came too late. */
export const refusedFor = (kind: RoomRefusal['kind']): Outcome => ({ ok: false, ...REFUSALS[kind] });
