import { type DoType, DO_TYPES, ROOM_FOLDERS, doNamePrefix } from './instance.ts';

/** A resource's name, in bytes of UTF-8. */
const MAX_RESOURCE_NAME_BYTES = 256;

/** A Durable Object's name, in bytes (Cloudflare's documented limit for `ctx.id.name`). */
const MAX_DO_NAME_BYTES = 1_024;

/** Which room a request is for. `doName` follows from the rest, and the rest from it. */
export interface RoomAddress {
  readonly userId: string;
  readonly doType: DoType;
  readonly resourceName: string;
  readonly doName: string;
}

/** The parts of a room's path, as they stand in a URL. */
interface RoomPath {
  readonly doType: DoType;
  /** Not decoded; `null` in a short path, which stands for the caller's own room. */
  readonly encodedUserId: string | null;
  /** Not decoded. */
  readonly encodedName: string;
}

type Addressed = { ok: true; address: RoomAddress } | { ok: false; detail: string };

/** The first segment of a canonical path. */
const USERS_FOLDER = 'users';

const encoder = new TextEncoder();
// C0, DEL and C1, and lone surrogates: Unicode's general categories Cc and Cs.
const FORBIDDEN = /[\p{Cc}\p{Cs}]/u;

/** Whether a text is free of control characters and of halves of surrogate pairs. */
export const isPlainText = (text: string): boolean => !FORBIDDEN.test(text);

/**
 * The room that a path belongs to: `/users/{userId}/documents/{name}`, the short `/documents/{name}`, the same of workspaces,
 * and what lies below these.
 * @returns `null` where the path is no room's
 */
export function readRoomPath(pathname: string): RoomPath | null {
  const segments = pathname.split('/').slice(1);
  const isCanonical = segments[0] === USERS_FOLDER;
  const [folder, encodedName] = isCanonical ? segments.slice(2) : segments;
  const doType = DO_TYPES.find((type) => ROOM_FOLDERS[type] === folder);
  if (doType === undefined || encodedName === undefined) return null;
  return { doType, encodedUserId: isCanonical ? (segments[1] ?? '') : null, encodedName };
}

/**
 * The owner's id of a canonical path.
 * @param encodedUserId one path segment, not decoded yet
 * @returns `null` where it is malformed
 */
export function decodeUserId(encodedUserId: string): string | null {
  let userId: string;
  try {
    userId = decodeURIComponent(encodedUserId);
  } catch {
    // `decodeURIComponent` throws for nothing but malformed input.
    return null;
  }
  return userId !== '' && isPlainText(userId) ? userId : null;
}

/**
 * The room of a user by its name as it stands, percent-encoded, in a URL's path.
 * @param encodedName one path segment, not decoded yet
 */
export function createRoomAddress(userId: string, doType: DoType, encodedName: string): Addressed {
  let resourceName: string;
  try {
    resourceName = decodeURIComponent(encodedName);
  } catch {
    return {
      ok: false,
      detail: 'The name is not valid percent-encoded UTF-8; use encodeURIComponent on it.',
    };
  }
  const bytes = encoder.encode(resourceName).byteLength;
  if (bytes === 0) return { ok: false, detail: 'The name is empty.' };
  if (bytes > MAX_RESOURCE_NAME_BYTES) {
    return {
      ok: false,
      detail: `The name has ${bytes} bytes of UTF-8; at most ${MAX_RESOURCE_NAME_BYTES} are allowed.`,
    };
  }
  if (!isPlainText(resourceName)) {
    return { ok: false, detail: 'The name holds a control character; those are not allowed.' };
  }
  // Each part is encoded, so no part can hold the ":" that separates them: the map is injective.
  const doName = `${doNamePrefix(userId)}${doType}:${encodeURIComponent(resourceName)}`;
  if (doName.length > MAX_DO_NAME_BYTES) {
    return {
      ok: false,
      detail: `The object's name would have ${doName.length} bytes; at most ${MAX_DO_NAME_BYTES} are allowed.`,
    };
  }
  return { ok: true, address: { userId, doType, resourceName, doName } };
}

/**
 * Reads an object's own name back.
 * @throws where the name was not made by `createRoomAddress`: such an object must not exist
 */
export function parseDoName(doName: string): RoomAddress {
  const [prefix, user, type, resource, ...rest] = doName.split(':');
  if (prefix !== 'user' || user === undefined || resource === undefined || rest.length > 0) {
    throw new Error(`not a room's name: ${doName}`);
  }
  if (type !== 'workspace' && type !== 'document') throw new Error(`not a room's name: ${doName}`);
  return {
    userId: decodeURIComponent(user),
    doType: type,
    resourceName: decodeURIComponent(resource),
    doName,
  };
}
