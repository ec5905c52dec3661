/** A version's id is its creation time, in Unix milliseconds to base 36. It is opaque to clients. */
export const formatVersionId = (createdAt: number): string => createdAt.toString(36);

/** @returns the creation time; `null` if the id is malformed */
export function parseVersionId(id: string): number | null {
  const createdAt = /^[0-9a-z]{1,10}$/.test(id) ? Number.parseInt(id, 36) : Number.NaN;
  return Number.isSafeInteger(createdAt) && formatVersionId(createdAt) === id ? createdAt : null;
}
