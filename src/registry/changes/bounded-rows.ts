/** SQLite's error for a value of more than 2,000,000 bytes. */
const TOO_BIG = 'too big';

/** Numbers of rows. */
interface Bounds {
  /** Tried first. */
  readonly first: number;
  /** Always fits into a D1 value. */
  readonly safe: number;
  readonly max: number;
}

/**
 * Reads rows that D1 returns as one value, and searches for a number of rows that fits: fewer if the value is too long, more
 * if `read` returns `null`.
 * @param read returns `null` if the number of rows is too small
 * @throws what D1 throws, or an error if no number of rows fits
 */
export async function readBoundedRows<Found>(
  { first, safe, max }: Bounds,
  read: (rows: number) => Promise<Found | null>,
): Promise<Found> {
  let tooFew = 0;
  let tooMany = max + 1;
  let rows = first;
  while (rows > tooFew && rows < tooMany) {
    try {
      const found = await read(rows);
      if (found !== null) return found;
      tooFew = rows;
      rows = Math.min(2 * rows, Math.floor((tooFew + tooMany) / 2));
    } catch (error) {
      if (rows <= safe || !String(error).includes(TOO_BIG)) throw error;
      tooMany = rows;
      rows = Math.max(safe, Math.floor((tooFew + tooMany) / 2));
    }
  }
  throw new Error(`${tooFew} rows are too few for one range, and ${tooMany} too many`);
}
