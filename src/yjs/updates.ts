import * as decoding from 'lib0/decoding';
import { MalformedInput, readVarUint } from './decode.ts';
import type { Ranges } from './read-update.ts';

/** What a room does with Yjs updates (v1) as bytes. No `Y.Doc` is built here. */

/** The update that says nothing: no clients, no deletions. */
export const EMPTY_UPDATE = new Uint8Array([0, 0]);

/** The state vector of a client that has nothing. */
export const EMPTY_STATE_VECTOR = new Uint8Array([0]);

/** Whether the bytes decode as a state vector, v1: `varUint(clients) (varUint(client) varUint(clock))*`. */
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
 * Whether every one of `deletions` is among those that are known.
 * @param known of an update that Yjs encoded from a document or merged: sorted by clock, neighbours joined
 */
export function areKnown(deletions: Ranges, known: Ranges): boolean {
  for (const [client, ranges] of deletions) {
    const have = known.get(client) ?? [];
    for (const { clock, len } of ranges) {
      const range = have[firstEndingAfter(have, endOf, clock)];
      if (range === undefined || range.clock > clock || range.clock + range.len < clock + len) return false;
    }
  }
  return true;
}

interface Range {
  readonly clock: number;
  readonly len: number;
}

/** The clock after a range's last one. */
export const endOf = ({ clock, len }: Range): number => clock + len;

/**
 * The index of the first of some parts that ends after this clock; their number where none does.
 * @param parts sorted by clock, no two overlap
 */
export function firstEndingAfter<Part>(
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
