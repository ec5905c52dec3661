/** Seconds per day. Unix time has no leap seconds. */
export const DAY_S = 86_400;

/** A row of `user_storage_day`. */
export interface StorageDay {
  /** Days since 1970-01-01, UTC. */
  readonly day: number;
  readonly openedBytes: number;
  readonly storageBytes: number;
  /** Unix seconds. */
  readonly changedAt: number;
  /** A string, because it can exceed a JavaScript number. */
  readonly byteSeconds: string;
  /** The changes within the day; `null` if not read. */
  readonly steps: string | null;
}

/** `[second of the day, new total, byte-seconds from midnight]`; see `steps` in schema.ts. */
type Step = readonly [second: number, bytes: number, sum?: string];

interface Point {
  readonly second: number;
  /** Total from this second on. */
  readonly bytes: number;
  /** Byte-seconds from midnight to this second. */
  readonly sum: bigint;
}

/** A user's storage during one day. Seconds count from midnight, up to `DAY_S`. */
export interface StorageCurve {
  /** The total after the last change up to this second. */
  bytesAt(second: number): number;
  /**
   * Byte-seconds from midnight to this second. Exact, except between two steps of a day with more than a thousand changes:
   * there it is interpolated.
   */
  sumTo(second: number): bigint;
}

/** The storage during a day without changes. */
export function createConstantCurve(bytes: number): StorageCurve {
  return { bytesAt: () => bytes, sumTo: (second) => BigInt(bytes) * BigInt(second) };
}

export function createStorageCurve(row: StorageDay): StorageCurve {
  const points = createPoints(row);
  const at = (second: number) => {
    const found = points.findLastIndex((point) => point.second <= second);
    const from = points[found];
    if (from === undefined) throw new Error('the second is before midnight');
    return { from, next: points[found + 1] };
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

/** The points at which the total changed, in order, from midnight to the last change. */
function createPoints(row: StorageDay): Point[] {
  let last: Point = { second: 0, bytes: row.openedBytes, sum: 0n };
  const points = [last];
  // Written only by the trigger; the table requires valid JSON.
  // oxlint-disable-next-line no-unsafe-type-assertion
  const steps = JSON.parse(row.steps ?? '[]') as Step[];
  for (const [second, bytes, exactSum] of steps) {
    const sum =
      exactSum === undefined
        ? last.sum + BigInt(last.bytes) * BigInt(second - last.second)
        : BigInt(exactSum);
    last = { second, bytes, sum };
    points.push(last);
  }
  const changed = row.changedAt - row.day * DAY_S;
  points.push({ second: changed, bytes: row.storageBytes, sum: BigInt(row.byteSeconds) });
  return points;
}
