/** A version's id is its time, in Unix milliseconds to the base 36: opaque to clients. */
export const snapshotIdOf = (createdAt: number): string => createdAt.toString(36);

/** The time that an id stands for; `null` for what is none. */
export function readSnapshotId(id: string): number | null {
  const createdAt = /^[0-9a-z]{1,10}$/.test(id) ? Number.parseInt(id, 36) : Number.NaN;
  return Number.isSafeInteger(createdAt) && snapshotIdOf(createdAt) === id ? createdAt : null;
}
