/** D1 gives no value of more than 2,000,000 bytes; SQLite's words for it. */
const TOO_BIG = 'too big';

interface Bounds {
  /** How many rows are tried first. */
  readonly first: number;
  /** So few that what they give is always within D1's size of a value. */
  readonly surelySmall: number;
  /** More are never read. */
  readonly most: number;
}

/**
 * Reads a range of rows that D1 gives as one value: fewer rows where the value is too long, and more where those asked for are too
 * few for what is to be whole in it.
 * @param read gives `null` where there are too few
 * @throws what D1 throws, and an error where no number of rows fits
 */
export async function readFittingRows<Found>(
  { first, surelySmall, most }: Bounds,
  read: (rows: number) => Promise<Found | null>,
): Promise<Found> {
  let tooFew = 0;
  let tooMany = most + 1;
  let rows = first;
  while (rows > tooFew && rows < tooMany) {
    try {
      const found = await read(rows);
      if (found !== null) return found;
      tooFew = rows;
      rows = Math.min(2 * rows, Math.floor((tooFew + tooMany) / 2));
    } catch (error) {
      if (rows <= surelySmall || !String(error).includes(TOO_BIG)) throw error;
      tooMany = rows;
      rows = Math.max(surelySmall, Math.floor((tooFew + tooMany) / 2));
    }
  }
  throw new Error(`${tooFew} rows are too few for one range, and ${tooMany} too many`);
}
