/** The kinds of rooms. A workspace collects garbage; a document keeps its history for versions. */
export const DO_TYPES = ['workspace', 'document'] as const;
export type DoType = (typeof DO_TYPES)[number];

/** The path segment that stands before a room's name. */
export const ROOM_FOLDERS = { document: 'documents', workspace: 'workspaces' } as const satisfies Record<
  DoType,
  string
>;

/** The path of a room, the same for every caller. */
export function getCanonicalPath(room: {
  readonly userId: string;
  readonly doType: DoType;
  readonly resourceName: string;
}): string {
  return `/users/${encodeURIComponent(room.userId)}/${ROOM_FOLDERS[room.doType]}/${encodeURIComponent(room.resourceName)}`;
}

/** A room's stored size as the room itself read it. */
export interface Measurement {
  /** `ctx.storage.sql.databaseSize`, in bytes. */
  readonly storageBytes: number;
  /** Unix time in milliseconds by the room's clock; strictly increasing within one room. */
  readonly measuredAt: number;
}

/** What a room, or a call that reached one, tells the registry. */
export interface InstanceReport {
  readonly doName: string;
  /** The object's hex id, as in Cloudflare's own object list. */
  readonly doId: string;
  readonly userId: string;
  readonly doType: DoType;
  readonly resourceName: string;
  /** Unix time in milliseconds of this incarnation: a room recreated after its deletion has a later one. */
  readonly createdAt: number;
  /** Unix time in milliseconds of the latest use that is known to the reporter. */
  readonly accessedAt: number;
  /** `null`: the use is known, the size is not. */
  readonly measurement: Measurement | null;
}

/** What the names of all rooms of a user begin with, and of nobody else's. Each part of a name is percent-encoded. */
export function doNamePrefix(userId: string): string {
  return `user:${encodeURIComponent(userId)}:`;
}

/** The user id in a room's name. */
export function ownerIn(doName: string): string {
  return decodeURIComponent(doName.split(':')[1] ?? '');
}
