/** An object of a room's class, as Cloudflare lists it. */
export interface ListedObject {
  /** Hexadecimal. */
  readonly id: string;
  readonly hasStoredData: boolean;
}

/** A row of the registry. */
export interface RegistryRow {
  readonly doName: string;
  readonly doId: string;
}

/** A row whose object stores nothing. */
interface Ghost extends RegistryRow {
  readonly why: 'no such object' | 'no stored data';
}

export interface Compared {
  readonly className: string;
  readonly objects: number;
  readonly rows: number;
  readonly ghosts: readonly Ghost[];
  /** Objects that store something and have no row: rooms whose row is missing, or what is left of deleted rooms. */
  readonly withoutRow: readonly string[];
  /** Deleted rooms that are remembered, and so may account for as many of `withoutRow`. */
  readonly tombstones: number;
  /** The same of deleted rooms whose tombstones were pruned. Some may be there again since: it is a number and no list. */
  readonly pruned: number;
  /** How many rows are missing for certain: what those two cannot account for. */
  readonly missingAtLeast: number;
}

/**
 * Compares the objects of one class with its rows, joined by `do_id`. The registry is read before the objects are listed
 * and again afterwards: what comes or goes meanwhile is no difference. A tombstone has a name and no id, and the id of a
 * name is Cloudflare's to compute: so only their number can be held against objects without a row.
 */
export function compareRegistry(seen: {
  readonly className: string;
  readonly objects: readonly ListedObject[];
  readonly rowsBefore: readonly RegistryRow[];
  readonly rowsAfter: readonly RegistryRow[];
  readonly tombstones: number;
  readonly pruned: number;
}): Compared {
  const { className, objects, rowsBefore, rowsAfter, tombstones, pruned } = seen;
  const stores = new Map(objects.map(({ id, hasStoredData }) => [id, hasStoredData]));
  const before = new Set(rowsBefore.map(({ doId }) => doId));
  const known = new Set([...before, ...rowsAfter.map(({ doId }) => doId)]);
  const ghosts = rowsAfter
    .filter(({ doId }) => before.has(doId) && stores.get(doId) !== true)
    .map((row): Ghost => ({ ...row, why: stores.has(row.doId) ? 'no stored data' : 'no such object' }));
  const withoutRow = objects.filter(({ id, hasStoredData }) => hasStoredData && !known.has(id));
  return {
    className,
    objects: objects.length,
    rows: rowsAfter.length,
    ghosts,
    withoutRow: withoutRow.map(({ id }) => id),
    tombstones,
    pruned,
    missingAtLeast: Math.max(0, withoutRow.length - tombstones - pruned),
  };
}

/** Whether the registry is certain to differ. */
export const differs = ({ ghosts, missingAtLeast }: Compared): boolean =>
  ghosts.length > 0 || missingAtLeast > 0;
