/** A time during which an object cannot hibernate, Unix milliseconds. */
export interface Span {
  readonly from: number;
  /** `null`: it goes on. */
  to: number | null;
  /** Whether the object handled something, as opposed to having a timer, a socket or a promise. */
  readonly isEvent: boolean;
}

/**
 * How long an object was awake, in milliseconds: what overlaps counts once.
 * @param atLeastMs what each event takes at least; events then queue up behind each other, as in an object
 */
export function awakeMs(spans: readonly Span[], now: number, atLeastMs: number): number {
  let free = 0;
  const taken = spans
    .map(({ from, to, isEvent }) => {
      const length = (to ?? now) - from;
      if (!isEvent || length >= atLeastMs) return [from, from + length] as const;
      const start = Math.max(from, free);
      free = start + atLeastMs;
      return [start, free] as const;
    })
    .toSorted(([left], [right]) => left - right);
  let awake = 0;
  let until = 0;
  for (const [from, to] of taken) {
    awake += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return awake;
}
