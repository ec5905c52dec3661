/** Seconds of a day. Unix time has no leap seconds. */
export const DAY_S = 86_400;

/** A row of `user_storage_day`, as far as it was read. */
export interface StorageDay {
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  readonly openedBytes: number;
  readonly storageBytes: number;
  /** Unix seconds. */
  readonly changedAt: number;
  /** An integer beyond what a number holds, as a string. */
  readonly byteSeconds: string;
  /** The changes within the day; `null` where they were not asked for. */
  readonly steps: string | null;
}

/** `[second of the day, total since then, byte-seconds from midnight to it]`, the last only in a day of very many. */
type Step = readonly [second: number, bytes: number, sum?: string];

/** From here on so many bytes count, and so many byte-seconds of the day lie before. */
interface Knot {
  readonly second: number;
  readonly bytes: number;
  readonly sum: bigint;
}

/** What a user stored in the course of one day. Seconds count from midnight, up to `DAY_S`. */
export interface StorageCourse {
  /** After the last change up to that second. */
  bytesAt(second: number): number;
  /**
   * Bytes times seconds from midnight to that second, exact. Only where a day had more than a thousand changes, and the
   * second lies between two steps within the last of a minute's changes, it is what the mean between the steps gives.
   */
  sumTo(second: number): bigint;
}

/** A day without a change. */
export function steadyCourse(bytes: number): StorageCourse {
  return { bytesAt: () => bytes, sumTo: (second) => BigInt(bytes) * BigInt(second) };
}

export function courseOf(row: StorageDay): StorageCourse {
  const knots = knotsOf(row);
  const at = (second: number) => {
    const found = knots.findLastIndex((knot) => knot.second <= second);
    const from = knots[found];
    if (from === undefined) throw new Error('a time before the day');
    return { from, next: knots[found + 1] };
  };
  return {
    bytesAt: (second) => at(second).from.bytes,
    sumTo(second) {
      const { from, next } = at(second);
      const elapsed = BigInt(second - from.second);
      if (next === undefined) return from.sum + BigInt(from.bytes) * elapsed;
      return from.sum + ((next.sum - from.sum) * elapsed) / BigInt(next.second - from.second);
    },
  };
}

/** Where the total changed, from midnight to the last change, in their order. */
function knotsOf(row: StorageDay): Knot[] {
  let last: Knot = { second: 0, bytes: row.openedBytes, sum: 0n };
  const knots = [last];
  // Written by the trigger alone, and held to be JSON by the table.
  // oxlint-disable-next-line no-unsafe-type-assertion
  const steps = JSON.parse(row.steps ?? '[]') as Step[];
  for (const [second, bytes, told] of steps) {
    const sum =
      told === undefined ? last.sum + BigInt(last.bytes) * BigInt(second - last.second) : BigInt(told);
    last = { second, bytes, sum };
    knots.push(last);
  }
  const changed = row.changedAt - row.day * DAY_S;
  knots.push({ second: changed, bytes: row.storageBytes, sum: BigInt(row.byteSeconds) });
  return knots;
}
