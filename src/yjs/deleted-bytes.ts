import { joined } from './cells.ts';
import type { Piece, Pieces } from './content-index.ts';
import type { Ranges } from './read-update.ts';
import { StructReader } from './structs/struct-reader.ts';
import { endOf, firstEndingAfter } from './updates.ts';

type DeletedOfClient = NonNullable<ReturnType<Ranges['get']>>;

/**
 * How many stored bytes are of what is deleted. A run that is deleted as a whole counts as a whole; one of which a part is
 * deleted is walked through, struct by struct, as long as the runs that are come to no more than `walkBytes` together.
 * Beyond that, and within a struct, bytes are shared out by clocks.
 * @param through of updates with a number up to this one
 * @param walkBytes how many bytes may be read for it
 */
export function deletedBytes(
  { pieces, deletions }: { readonly pieces: Pieces; readonly deletions: Ranges },
  through: number,
  walkBytes: number,
): number {
  let sum = 0;
  let left = walkBytes;
  for (const [client, ofClient] of pieces) {
    const ranges = deletions.get(client);
    if (ranges === undefined) continue;
    for (const piece of ofClient) {
      const { run, source, clock, end } = piece;
      const clocks = source.number > through ? 0 : clocksIn(ranges, clock, end);
      if (clocks === 0) continue;
      const bytes = run.to - run.from;
      if (clocks === run.end - run.clock) sum += bytes;
      else if (bytes > left) sum += share(bytes, clocks, run.end - run.clock);
      else {
        left -= bytes;
        sum += deletedInRun(piece, ranges);
      }
    }
  }
  return sum;
}

function deletedInRun({ run, source, clock, end }: Piece, ranges: DeletedOfClient): number {
  const reader = new StructReader(joined([...source.read(run.from, run.to)]));
  reader.begin(run.client, run.clock);
  let sum = 0;
  for (let structs = run.structs; structs > 0; structs--) {
    reader.next();
    const from = Math.max(clock, reader.clock);
    const to = Math.min(end, reader.clock + reader.length);
    if (from < to) sum += share(reader.end - reader.start, clocksIn(ranges, from, to), reader.length);
  }
  return sum;
}

/** How many clocks from one to another are in the ranges. */
function clocksIn(ranges: DeletedOfClient, from: number, to: number): number {
  let clocks = 0;
  for (let at = firstEndingAfter(ranges, endOf, from); at < ranges.length; at++) {
    const range = ranges[at];
    if (range === undefined || range.clock >= to) break;
    clocks += Math.min(to, endOf(range)) - Math.max(from, range.clock);
  }
  return clocks;
}

/** Rounded down, so that shares never come to more than the whole. */
const share = (bytes: number, clocks: number, of: number): number => Math.floor((bytes * clocks) / of);
