interface Backoff {
  readonly firstMs: number;
  readonly maxMs?: number;
  /** How many times as long each further delay is. */
  readonly factor?: number;
}

/**
 * The delay before the next attempt, in milliseconds, without jitter.
 * @param failures at least 1
 */
export function getBackoffMs(failures: number, { firstMs, maxMs = Infinity, factor = 2 }: Backoff): number {
  return Math.min(firstMs * factor ** (failures - 1), maxMs);
}
