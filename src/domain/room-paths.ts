import { DO_TYPES, ROOM_FOLDERS } from './instance.ts';

/** Where the rooms of a type are: the canonical path, and the short one of the caller's own room. Patterns of Hono. */
function pathsOfType(doType: (typeof DO_TYPES)[number]): readonly [string, string] {
  const folder = ROOM_FOLDERS[doType];
  return [`/users/:userId/${folder}/:name`, `/${folder}/:name`];
}

/** The paths of documents. */
export const DOCUMENT_PATHS = pathsOfType('document');

/** The paths of all rooms. */
export const ROOM_PATHS = [...pathsOfType('workspace'), ...DOCUMENT_PATHS];
