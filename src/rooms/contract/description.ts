import type { Measurement } from '../../domain/instance.ts';
import type { Incarnation } from '../../domain/incarnation.ts';
import type { RoomLimits } from '../limits/room-limits.ts';

/** What of a room's storage cannot be read. */
export interface DamageReport {
  /** Updates of the log that are skipped. */
  readonly updates: number;
  /** Their size in bytes, as far as it is known. */
  readonly bytes: number;
  /** The other records that cannot be read, by name. */
  readonly records: readonly string[];
}

/** An edit for which the room had no space. */
export interface SpaceRefusal {
  /** Unix milliseconds. */
  readonly at: number;
  /** What it would have added: bytes, and runs and ranges of deletions. */
  readonly bytes: number;
  readonly entries: number;
}

/** A version as it is listed. */
export interface VersionEntry {
  /** Unix milliseconds; unique in a room, and what names the version. */
  readonly createdAt: number;
  readonly label: string | null;
  /** Made by the room, not by somebody: thinned with age. */
  readonly automatic: boolean;
}

/** What a room's bytes are. They come to `storageBytes` exactly. */
export interface StoredBytes {
  /** Of the updates that were compacted, or of the first one where none was: what can be read, and the frame around it. */
  readonly content: number;
  /** Of the same updates: what is deleted. A document keeps it for its versions, a workspace drops it at compaction. */
  readonly deleted: number;
  /** What each version has beyond the one before it. */
  readonly versions: number;
  /** Updates that came since, not compacted yet. */
  readonly log: number;
  /** What SQLite takes beside: pages that are not full, indexes, what the room remembers of itself. */
  readonly overhead: number;
}

/** Who is connected, as its clients tell by awareness. */
export interface Person {
  /** The usual `user: { name, color }`; `null` where a client sets none. */
  readonly name: string | null;
  /** `#` and three to eight hexadecimal digits; `null` for anything else. */
  readonly color: string | null;
}

interface Connected {
  /** That take part. */
  readonly sockets: number;
  /** That only watch, beside those. */
  readonly watching: number;
  /** At most `MAX_LISTED_PEOPLE` of them. */
  readonly people: readonly Person[];
}

/** The last compaction that replaced anything; sizes are of the whole room, in bytes. */
export interface LastCompaction {
  /** Unix milliseconds. */
  readonly at: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

/** A room as it stands. Times are Unix milliseconds. */
export interface LiveRoom extends Measurement, Incarnation {
  readonly kind: 'live';
  /** Of the newest update; of the creation where there is none. */
  readonly lastEditAt: number;
  readonly bytes: StoredBytes;
  /** Updates in the log, compacted ones among them. */
  readonly updates: number;
  /** Runs of one client's inserts, and ranges of deletions. */
  readonly entries: number;
  readonly limits: Pick<RoomLimits, 'maxRoomBytes' | 'maxSockets'> & { readonly maxEntries: number };
  readonly connected: Connected;
  readonly lastCompaction: LastCompaction | null;
  /** The last edit that was refused for lack of space, as long as it would be refused again; `null`: none. */
  readonly refusal: Pick<SpaceRefusal, 'at' | 'bytes'> | null;
  /** What of the room cannot be read, as far as this instance has met it; `null`: nothing. */
  readonly damage: DamageReport | null;
  /** Newest first; `null` for a workspace, which has none. */
  readonly versions: readonly VersionEntry[] | null;
}

export type Description =
  | LiveRoom
  | (Measurement & { readonly kind: 'deleted'; readonly createdAt: number; readonly deletedAt: number })
  | { readonly kind: 'absent' };
