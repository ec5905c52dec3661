import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { DoType } from '../../domain/instance.ts';
import type { CurrentUserDeps, ConditionalRead } from '../http/current-user.ts';

/** A room of the signed-in user. */
export interface RoomRef {
  readonly doType: DoType;
  readonly resourceName: string;
}

/** The parts of a room's bytes. Their sum is `storageBytes`. */
export interface StoredBytes {
  readonly content: number;
  readonly deleted: number;
  readonly versions: number;
  readonly log: number;
  readonly overhead: number;
}

interface ShownPerson {
  readonly name: string | null;
  /** `#` and hexadecimal digits. */
  readonly color: string | null;
}

export interface ShownVersion {
  readonly id: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  readonly label: string | null;
  readonly automatic: boolean;
}

/** A live room, from the room itself. Times are Unix milliseconds. */
export interface ShownRoom {
  readonly kind: 'live';
  readonly createdAt: number;
  readonly lastEditAt: number;
  /** From the registry; `null` if the registry has no row yet. */
  readonly lastAccessedAt: number | null;
  readonly incarnation: string;
  readonly storageBytes: number;
  readonly bytes: StoredBytes;
  readonly updates: number;
  readonly entries: number;
  readonly limits: {
    readonly maxRoomBytes: number;
    readonly maxEntries: number;
    readonly maxSockets: number;
  };
  readonly connected: {
    /** Without observers. */
    readonly sockets: number;
    readonly people: readonly ShownPerson[];
  };
  readonly lastCompaction: {
    readonly at: number;
    readonly bytesBefore: number;
    readonly bytesAfter: number;
  } | null;
  /** The last edit that was refused because the room is full; `null` if the room has space. */
  readonly refusal: { readonly at: number; readonly bytes: number } | null;
  /** Unreadable parts; `null` if there are none. */
  readonly damage: {
    readonly updates: number;
    readonly bytes: number;
    readonly records: readonly string[];
  } | null;
  /** Newest first; `null` for a workspace. */
  readonly versions: readonly ShownVersion[] | null;
}

export type RoomView =
  | ShownRoom
  | { readonly kind: 'deleted'; readonly deletedAt: number; readonly storageBytes: number }
  | { readonly kind: 'absent' };

/** Results of actions, as codes in the page's address. */
export const DONE = [
  'created',
  'recreated',
  'there-already',
  'deleted',
  'compacted',
  'nothing-to-gain',
  'version-made',
  'version-deleted',
  'restored',
] as const;
export type Done = (typeof DONE)[number];

export type Outcome =
  | { readonly ok: true; readonly done: Done }
  | {
      readonly ok: false;
      readonly status: number;
      /** For the user. */
      readonly message: string;
      /** The invalid input. */
      readonly field?: 'label' | 'name';
    };

interface VersionForm {
  readonly incarnation: string;
  readonly id: string;
}

/** An action applies only to the incarnation that the form was rendered for. */
export interface RoomDeps extends CurrentUserDeps {
  /** For the user; `null` if the name is valid. */
  findNameProblem(userId: string, room: RoomRef): string | null;
  readRoom(c: Context<AppEnv>, userId: string, room: RoomRef): Promise<ConditionalRead<RoomView>>;
  createRoom(c: Context<AppEnv>, userId: string, room: RoomRef, acceptOldCopies: boolean): Promise<Outcome>;
  deleteRoom(c: Context<AppEnv>, userId: string, room: RoomRef, incarnation: string): Promise<Outcome>;
  compactRoom(c: Context<AppEnv>, userId: string, room: RoomRef, incarnation: string): Promise<Outcome>;
  createVersion(
    c: Context<AppEnv>,
    userId: string,
    room: RoomRef,
    form: { readonly incarnation: string; readonly label: string },
  ): Promise<Outcome>;
  restoreVersion(c: Context<AppEnv>, userId: string, room: RoomRef, form: VersionForm): Promise<Outcome>;
  deleteVersion(c: Context<AppEnv>, userId: string, room: RoomRef, form: VersionForm): Promise<Outcome>;
}
