import { DO_TYPES, type DoType } from './instance.ts';

/*
 * doName = user:{userId}:{doType}:{resourceName}, with the user id and the resource name percent-encoded. An encoded part
 * contains no ":", so two different rooms never have the same name.
 */

/** What a room's name is made of, decoded. */
export interface DoNameParts {
  readonly userId: string;
  readonly doType: DoType;
  readonly resourceName: string;
}

/** A doName anywhere in a text. */
const DO_NAME_IN_TEXT = /user:[^\s:;]*:(?:workspace|document):[^\s:;]*/g;

/** The first parts of the names of all rooms of a user. No room of another user has them. */
const getDoNamePrefix = (userId: string): string => `user:${encodeURIComponent(userId)}:`;

export function buildDoName({ userId, doType, resourceName }: DoNameParts): string {
  return `${getDoNamePrefix(userId)}${doType}:${encodeURIComponent(resourceName)}`;
}

/** @throws if `buildDoName` did not create the name */
export function parseDoName(doName: string): DoNameParts & { readonly doName: string } {
  const [prefix, user, type, resource, ...rest] = doName.split(':');
  const doType = DO_TYPES.find((known) => known === type);
  if (prefix !== 'user' || user === undefined || resource === undefined || rest.length > 0) {
    throw new Error(`not a room's name: ${doName}`);
  }
  if (doType === undefined) {
    throw new Error(`not a room's name: ${doName}`);
  }
  return { userId: decodeURIComponent(user), doType, resourceName: decodeURIComponent(resource), doName };
}

/** The owner of the room; `null` if the name is malformed. */
export function readOwnerId(doName: string): string | null {
  try {
    return decodeURIComponent(doName.split(':')[1] ?? '') || null;
  } catch {
    // Not percent-encoding: the row was written by hand.
    return null;
  }
}

/** Whether a room's name says that the user owns it. */
export function hasOwner(doName: string, userId: string): boolean {
  return doName.startsWith(getDoNamePrefix(userId));
}

/** The names of all rooms of a user, in byte order: above `after` and below `before`. */
export function getDoNameRange(userId: string): { readonly after: string; readonly before: string } {
  const after = getDoNamePrefix(userId);
  // ";" is the next character after ":".
  return { after, before: `${after.slice(0, -1)};` };
}

/** Replaces every doName in a text. */
export function replaceDoNamesInText(text: string, replace: (doName: string) => string): string {
  return text.replaceAll(DO_NAME_IN_TEXT, replace);
}
