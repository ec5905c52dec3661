import {
  DEFAULT_LIMITS,
  MAX_PLATFORM_MESSAGE_BYTES,
  MAX_ROOM_BYTES,
  type RoomLimits,
} from './room-limits.ts';
import { DEFAULT_USER_LIMITS, type UserLimits } from './user-limits.ts';

/** The environment variables that set limits. */
export interface LimitVariables {
  readonly ROOM_MAX_PAYLOAD_BYTES?: string;
  readonly ROOM_MAX_BYTES?: string;
  readonly ROOM_MAX_SOCKETS?: string;
  readonly ROOM_MAX_MESSAGES_PER_SECOND?: string;
  readonly USER_MAX_ROOMS?: string;
  readonly USER_MAX_ROOMS_PER_HOUR?: string;
}

/** Reads the limits of rooms. A value that is not a positive integer is logged, and the default applies. */
export function readRoomLimits(env: LimitVariables): RoomLimits {
  const { maxPayloadBytes, maxRoomBytes, maxSockets, maxMessagesPerSecond } = DEFAULT_LIMITS;
  return {
    maxPayloadBytes: Math.min(
      readLimit(env, 'ROOM_MAX_PAYLOAD_BYTES', maxPayloadBytes),
      MAX_PLATFORM_MESSAGE_BYTES,
    ),
    maxRoomBytes: Math.min(readLimit(env, 'ROOM_MAX_BYTES', maxRoomBytes), MAX_ROOM_BYTES),
    maxSockets: readLimit(env, 'ROOM_MAX_SOCKETS', maxSockets),
    maxMessagesPerSecond: readLimit(env, 'ROOM_MAX_MESSAGES_PER_SECOND', maxMessagesPerSecond),
  };
}

/** Reads the limits of users, in the same way. */
export function readUserLimits(env: LimitVariables): UserLimits {
  const { maxRooms, maxRoomsPerHour } = DEFAULT_USER_LIMITS;
  return {
    maxRooms: readLimit(env, 'USER_MAX_ROOMS', maxRooms),
    maxRoomsPerHour: readLimit(env, 'USER_MAX_ROOMS_PER_HOUR', maxRoomsPerHour),
  };
}

function readLimit(env: LimitVariables, name: keyof LimitVariables, otherwise: number): number {
  const set = env[name];
  if (set === undefined || set === '') return otherwise;
  const value = Number(set);
  if (Number.isSafeInteger(value) && value > 0) return value;
  console.error({ event: 'limit_invalid', name, value: set, default: otherwise });
  return otherwise;
}
