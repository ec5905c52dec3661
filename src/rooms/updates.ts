import * as Y from 'yjs';
import type { Ranges } from './read-update.ts';

/** What a room does with Yjs updates (v1) as bytes. No `Y.Doc` is built here. */

/** The update that says nothing: no clients, no deletions. */
export const EMPTY_UPDATE = new Uint8Array([0, 0]);

/** The state vector of a client that has nothing. */
export const EMPTY_STATE_VECTOR = new Uint8Array([0]);

/** Whether the bytes decode as a state vector, v1. */
export function isStateVector(bytes: Uint8Array): boolean {
  try {
    Y.decodeStateVector(bytes);
    return true;
  } catch {
    return false;
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
      const range = firstEndingAfter(have, clock);
      if (range === undefined || range.clock > clock || range.clock + range.len < clock + len) return false;
    }
  }
  return true;
}

/**
 * The first of some ranges that ends after this clock.
 * @param ranges sorted by clock, no two overlap
 */
export function firstEndingAfter<Range extends { readonly clock: number; readonly len: number }>(
  ranges: readonly Range[],
  clock: number,
): Range | undefined {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const range = ranges[middle];
    if (range !== undefined && range.clock + range.len <= clock) low = middle + 1;
    else high = middle;
  }
  return ranges[low];
}
