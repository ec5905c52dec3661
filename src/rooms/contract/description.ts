import type { Measurement } from '../../domain/instance.ts';
import type { Incarnation } from '../../domain/incarnation.ts';
import type { RoomLimits } from '../limits/room-limits.ts';

/** The unreadable parts of a room's storage. */
export interface DamageReport {
  /** Unreadable updates, which are skipped. */
  readonly updates: number;
  /** Their known size in bytes. */
  readonly bytes: number;
  /** The names of other unreadable records. */
  readonly records: readonly string[];
}

/** An edit that was refused because the room was full. The names of its fields are stored. */
export interface SpaceRefusal {
  /** Unix milliseconds. */
  readonly at: number;
  /** The edit's size: bytes, and structs and delete ranges. */
  readonly bytes: number;
  readonly entries: number;
}

/** A version as it is listed. */
export interface VersionEntry {
  /** Unix milliseconds. Unique in a room and the version's id. */
  readonly createdAt: number;
  readonly label: string | null;
  /** Created by the room, not by a user. Such versions are thinned with age. */
  readonly automatic: boolean;
}

/** The parts of a room's storage. Their sum is exactly `storageBytes`. */
export interface StoredBytes {
  /** Visible content in compacted updates, or in the first update if none is compacted. */
  readonly content: number;
  /** Deleted content in the same updates. A document keeps it for its versions; a workspace drops it at compaction. */
  readonly deleted: number;
  /** Versions, each as its difference to the previous one. */
  readonly versions: number;
  /** Updates that are not compacted yet. */
  readonly log: number;
  /** The rest: free space in SQLite's pages, indexes, the room's records. */
  readonly overhead: number;
}

/** A connected person, from awareness. Not verified. */
export interface Person {
  /** From the usual `user: { name, color }`; `null` if the client sets none. */
  readonly name: string | null;
  /** `#` and three to eight hexadecimal digits; `null` for anything else. */
  readonly color: string | null;
}

interface Connected {
  /** Without observers. */
  readonly sockets: number;
  /** Observers. */
  readonly watching: number;
  /** At most `MAX_LISTED_PEOPLE`. */
  readonly people: readonly Person[];
}

/** The last compaction that changed the log. Sizes are of the whole room, in bytes. */
export interface LastCompaction {
  /** Unix milliseconds. */
  readonly at: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** A live room. Times are Unix milliseconds. */
export interface LiveRoom extends Measurement, Incarnation {
  readonly kind: 'live';
  /** The newest update; the creation if there is none. */
  readonly lastEditAt: number;
  readonly bytes: StoredBytes;
  /** Updates in the log, compacted ones included. */
  readonly updates: number;
  /** Structs and delete ranges. */
  readonly entries: number;
  readonly limits: Pick<RoomLimits, 'maxRoomBytes' | 'maxSockets'> & { readonly maxEntries: number };
  readonly connected: Connected;
  readonly lastCompaction: LastCompaction | null;
  /** The last edit that was refused because the room was full, while it would be refused again. */
  readonly refusal: Pick<SpaceRefusal, 'at' | 'bytes'> | null;
  /** The damage that this instance has met; `null`: none. */
  readonly damage: DamageReport | null;
  /** Newest first; `null` for a workspace. */
  readonly versions: readonly VersionEntry[] | null;
}

export type Description =
  | LiveRoom
  | (Measurement & { readonly kind: 'deleted'; readonly createdAt: number; readonly deletedAt: number })
  | { readonly kind: 'absent' };
