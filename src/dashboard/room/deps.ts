import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { DoType } from '../../domain/instance.ts';
import type { CurrentUserDeps, Seen } from '../http/current-user.ts';

/** Which of the user's rooms a page is about. */
export interface RoomRef {
  readonly doType: DoType;
  readonly resourceName: string;
}

/** What a room's bytes are. They come to `storageBytes` exactly. */
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

/** A room that is there, as it tells itself. Times are Unix milliseconds. */
export interface ShownRoom {
  readonly kind: 'live';
  readonly createdAt: number;
  readonly lastEditAt: number;
  /** As the registry knows it; `null` where it knows nothing of the room yet. */
  readonly lastAccessedAt: number | null;
  /** Names this life of the room. */
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
    /** That take part; those that only watch are not counted. */
    readonly sockets: number;
    readonly people: readonly ShownPerson[];
  };
  readonly lastCompaction: {
    readonly at: number;
    readonly bytesBefore: number;
    readonly bytesAfter: number;
  } | null;
  /** An edit that was refused for lack of space, and would be again; `null`: none. */
  readonly refusal: { readonly at: number; readonly bytes: number } | null;
  /** What of the room cannot be read; `null`: nothing. */
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

/** What came of an action, as far as pages say it. */
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
      /** For the person who asked for it. */
      readonly message: string;
      /** What was wrong in the form, where it was that. */
      readonly field?: 'label' | 'name';
    };

interface VersionForm {
  readonly incarnation: string;
  readonly id: string;
}

/** An action is done to the life of the room that the form was made of, and to no later one. */
export interface RoomDeps extends CurrentUserDeps {
  /** What is wrong with a room's name, in words for people; `null` for one that a room can have. */
  flawOfName(userId: string, room: RoomRef): string | null;
  readRoom(c: Context<AppEnv>, userId: string, room: RoomRef): Promise<Seen<RoomView>>;
  createRoom(c: Context<AppEnv>, userId: string, room: RoomRef, readmits: boolean): Promise<Outcome>;
  deleteRoom(c: Context<AppEnv>, userId: string, room: RoomRef, incarnation: string): Promise<Outcome>;
  compactRoom(c: Context<AppEnv>, userId: string, room: RoomRef, incarnation: string): Promise<Outcome>;
  makeVersion(
    c: Context<AppEnv>,
    userId: string,
    room: RoomRef,
    form: { readonly incarnation: string; readonly label: string },
  ): Promise<Outcome>;
  restoreVersion(c: Context<AppEnv>, userId: string, room: RoomRef, form: VersionForm): Promise<Outcome>;
  deleteVersion(c: Context<AppEnv>, userId: string, room: RoomRef, form: VersionForm): Promise<Outcome>;
}
