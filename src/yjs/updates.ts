import * as decoding from 'lib0/decoding';
import { MalformedInput, readVarUint } from './decode.ts';
import type { ClockRanges } from './read-update.ts';

/** The update without structs and deletions. */
export const EMPTY_UPDATE = new Uint8Array([0, 0]);

/** The state vector of an empty document. */
export const EMPTY_STATE_VECTOR = new Uint8Array([0]);

/** Whether the bytes are a state vector (v1): `varUint(clients) (varUint(client) varUint(clock))*`. */
export function isStateVector(bytes: Uint8Array): boolean {
  const decoder = decoding.createDecoder(bytes);
  try {
    for (let left = readVarUint(decoder); left > 0; left--) {
      readVarUint(decoder);
      readVarUint(decoder);
    }
    return true;
  } catch (error) {
    if (error instanceof MalformedInput) return false;
    throw error;
  }
}

/**
 * Whether every range is within one of the `covering` ranges.
 * @param covering sorted by clock, neighbours joined
 */
export function areRangesCovered(ranges: ClockRanges, covering: ClockRanges): boolean {
  for (const [client, ofClient] of ranges) {
    const have = covering.get(client) ?? [];
    for (const { clock, len } of ofClient) {
      const range = have[findFirstEndingAfter(have, getRangeEnd, clock)];
      if (range === undefined || range.clock > clock || range.clock + range.len < clock + len) return false;
    }
  }
  return true;
}

interface Range {
  readonly clock: number;
  readonly len: number;
}

/** The clock after the range's last. */
export const getRangeEnd = ({ clock, len }: Range): number => clock + len;

/**
 * Binary search: the index of the first part that ends after this clock; `parts.length` if none does.
 * @param parts sorted by clock, without overlaps
 */
export function findFirstEndingAfter<Part>(
  parts: readonly Part[],
  endsAt: (part: Part) => number,
  clock: number,
): number {
  let low = 0;
  let high = parts.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const part = parts[middle];
    if (part !== undefined && endsAt(part) <= clock) low = middle + 1;
    else high = middle;
  }
  return low;
}
