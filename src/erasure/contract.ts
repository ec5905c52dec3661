import type { ErasureOrder } from '../domain/erasure-request.ts';

/** What an eraser is given to do it with. Each may reject; each may be done again. */
export interface ErasurePorts {
  /** Ends the user's sockets, as many as one call can. */
  endSockets(userId: string): Promise<SocketsEnded>;
  /** The user's rooms in the order of their names. */
  readRooms(of: RoomsToRead): Promise<readonly RoomToErase[]>;
  /** Ends the room's sockets, empties its object, and takes its row away, in this order. */
  eraseRoom(userId: string, room: RoomToErase): Promise<void>;
  /** Whether `eraseRoom` rejected because the room itself fails, which trying again may never change. */
  isRoomFailure(error: unknown): boolean;
  /** Takes away the row of a room that cannot be emptied. */
  forgetRoom(room: RoomToErase): Promise<void>;
  /** Removes all that is left of the account, and writes down that the erasure is finished: both, or neither. */
  removeAccount(order: ErasureOrder): Promise<'removed' | 'has rooms'>;
  /** Brings the audit trail up to date. */
  writeTrail(order: ErasureOrder, counts: ErasureCounts, steps: readonly ErasureStep[]): Promise<void>;
  /** A text with each room's name replaced by the hex id of its object, which holds nothing of the user. */
  withoutNames(text: string): string;
}

interface SocketsEnded {
  readonly sockets: number;
  /** One line for each room that could not be told. */
  readonly failures: readonly string[];
  /** Whether rooms are left that were not told. */
  readonly more: boolean;
}

interface RoomsToRead {
  readonly userId: string;
  /** Rooms too whose rows are gone since then, in Unix milliseconds, as they go with their user; `null`: none. */
  readonly goneSince: number | null;
  /** The last name of the page before; empty for the first. */
  readonly after: string;
  readonly limit: number;
}

export interface RoomToErase {
  readonly doName: string;
  /** Of its newest incarnation that the registry knows, Unix milliseconds. */
  readonly createdAt: number;
}

/** How far an erasure is: the numbers that the table `erasure` has. */
export interface ErasureCounts {
  readonly sockets: number;
  readonly roomsFound: number;
  readonly roomsErased: number;
  readonly failures: number;
}

/** One line of the audit trail. */
export interface ErasureStep {
  /** From 1, without gaps. */
  readonly number: number;
  /** Unix milliseconds. */
  readonly at: number;
  readonly what: StepName;
  readonly result: 'done' | 'failed';
  readonly count: number;
  readonly detail: string | null;
}

export type StepName = 'end sockets' | 'list rooms' | 'erase rooms' | 'remove account';
