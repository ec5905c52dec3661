import type { ErasureOrder } from '../domain/erasure-request.ts';

/** Dependencies of an eraser. All functions are idempotent and may reject. */
export interface ErasurePorts {
  /** Closes the user's sockets, as many as possible in one call. */
  endSockets(userId: string): Promise<SocketsEnded>;
  /** Reads the user's rooms in the order of their names. */
  readRooms(query: RoomsToRead): Promise<readonly RoomToErase[]>;
  /** Closes the room's sockets, empties its object, and deletes its row, in this order. */
  eraseRoom(userId: string, room: RoomToErase): Promise<void>;
  /** Whether `eraseRoom` failed because of the room itself, so that a retry may never succeed. */
  isRoomFailure(error: unknown): boolean;
  /** Deletes the row of a room that cannot be emptied. */
  forgetRoom(room: RoomToErase): Promise<void>;
  /** Deletes the account and finishes the erasure, in one transaction. */
  removeAccount(order: ErasureOrder): Promise<'removed' | 'has rooms'>;
  writeTrail(order: ErasureOrder, counts: ErasureCounts, steps: readonly ErasureStep[]): Promise<void>;
  /** Replaces each room's name in a text with the hexadecimal id of its object. */
  replaceNames(text: string): string;
}

interface SocketsEnded {
  readonly sockets: number;
  /** One line for each room that could not be notified. */
  readonly failures: readonly string[];
  /** Whether rooms are left. */
  readonly more: boolean;
}

interface RoomsToRead {
  readonly userId: string;
  /** Also rooms whose rows were deleted since then (Unix milliseconds), as with the row of their user; `null` for none. */
  readonly goneSince: number | null;
  /** The last name of the previous page; empty for the first page. */
  readonly after: string;
  readonly limit: number;
}

export interface RoomToErase {
  readonly doName: string;
  /** Of the newest incarnation in the registry, Unix milliseconds. */
  readonly createdAt: number;
}

/** The counts in the table `erasure`. */
export interface ErasureCounts {
  readonly sockets: number;
  readonly roomsFound: number;
  readonly roomsErased: number;
  readonly failures: number;
}

/** A step in the audit trail. */
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

/** Stored in the audit trail. */
export type StepName = 'end sockets' | 'list rooms' | 'erase rooms' | 'remove account';
