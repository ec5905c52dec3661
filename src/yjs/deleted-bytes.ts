import { concatBytes } from './byte-chunks.ts';
import type { ContentIndex, Piece } from './content-index.ts';
import type { ClockRanges } from './read-update.ts';
import { StructReader } from './structs/struct-reader.ts';
import { getRangeEnd, findFirstEndingAfter } from './updates.ts';

type DeletedOfClient = NonNullable<ReturnType<ClockRanges['get']>>;

/**
 * Counts the stored bytes of deleted structs. A struct range that is deleted in part is read struct by struct, up to
 * `maxScannedBytes` in total. Beyond that, and within a struct, bytes are estimated in proportion to clocks.
 * @param through counts updates up to this number
 */
export function countDeletedBytes(
  { pieces, deleteRanges }: Pick<ContentIndex, 'pieces' | 'deleteRanges'>,
  through: number,
  maxScannedBytes: number,
): number {
  let sum = 0;
  let left = maxScannedBytes;
  for (const [client, ofClient] of pieces) {
    const ranges = deleteRanges.get(client);
    if (ranges === undefined) continue;
    for (const piece of ofClient) {
      const { range, source, clock, end } = piece;
      const clocks = source.number > through ? 0 : countClocks(ranges, clock, end);
      if (clocks === 0) continue;
      const bytes = range.to - range.from;
      if (clocks === range.end - range.clock) sum += bytes;
      else if (bytes > left) sum += getShare(bytes, clocks, range.end - range.clock);
      else {
        left -= bytes;
        sum += countDeletedInRange(piece, ranges);
      }
    }
  }
  return sum;
}

function countDeletedInRange({ range, source, clock, end }: Piece, ranges: DeletedOfClient): number {
  const reader = new StructReader(concatBytes([...source.read(range.from, range.to)]));
  reader.begin(range.client, range.clock);
  let sum = 0;
  for (let structs = range.structCount; structs > 0; structs--) {
    reader.next();
    const from = Math.max(clock, reader.clock);
    const to = Math.min(end, reader.clock + reader.length);
    if (from < to) sum += getShare(reader.end - reader.start, countClocks(ranges, from, to), reader.length);
  }
  return sum;
}

/** Counts the clocks between two clocks that are in the ranges. */
function countClocks(ranges: DeletedOfClient, from: number, to: number): number {
  let clocks = 0;
  for (let at = findFirstEndingAfter(ranges, getRangeEnd, from); at < ranges.length; at++) {
    const range = ranges[at];
    if (range === undefined || range.clock >= to) break;
    clocks += Math.min(to, getRangeEnd(range)) - Math.max(from, range.clock);
  }
  return clocks;
}

/** Rounded down, so that the sum of all shares never exceeds the whole. */
const getShare = (bytes: number, clocks: number, of: number): number => Math.floor((bytes * clocks) / of);
