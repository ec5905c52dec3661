import { DO_TYPES, type DoType } from './instance.ts';

/** The path segment before a room's name. */
export const ROOM_FOLDERS = { document: 'documents', workspace: 'workspaces' } as const satisfies Record<
  DoType,
  string
>;

/** The first segment of a canonical path. */
const USERS_FOLDER = 'users';

/** The parts of a room's path, percent-encoded. */
interface RoomPath {
  readonly doType: DoType;
  /** `null` in a short path, which names a room of the caller. */
  readonly encodedUserId: string | null;
  readonly encodedName: string;
}

/** The path of a room, the same for every caller. */
export function getCanonicalPath(room: {
  readonly userId: string;
  readonly doType: DoType;
  readonly resourceName: string;
}): string {
  const folder = ROOM_FOLDERS[room.doType];
  return `/${USERS_FOLDER}/${encodeURIComponent(room.userId)}/${folder}/${encodeURIComponent(room.resourceName)}`;
}

/**
 * Reads the canonical path `/users/{userId}/documents/{name}`, the short path `/documents/{name}`, the same paths of
 * workspaces, and every path below them.
 * @returns `null` if it is no room's path
 */
export function readRoomPath(pathname: string): RoomPath | null {
  const segments = pathname.split('/').slice(1);
  const isCanonical = segments[0] === USERS_FOLDER;
  const [folder, encodedName] = isCanonical ? segments.slice(2) : segments;
  const doType = DO_TYPES.find((type) => ROOM_FOLDERS[type] === folder);
  if (doType === undefined || encodedName === undefined) return null;
  return { doType, encodedUserId: isCanonical ? (segments[1] ?? '') : null, encodedName };
}

/** Hono's patterns for the rooms of a type: the canonical path and the short one. */
function getPathPatterns(doType: DoType): readonly [string, string] {
  const folder = ROOM_FOLDERS[doType];
  return [`/${USERS_FOLDER}/:userId/${folder}/:name`, `/${folder}/:name`];
}

export const DOCUMENT_PATHS = getPathPatterns('document');

export const ROOM_PATHS = [...getPathPatterns('workspace'), ...DOCUMENT_PATHS];
