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
 * `Y.mergeUpdates` keeps a reader for each update and sorts them again for each struct, so its cost grows faster than
 * their number (2.8 s for 10,000 keystrokes, measured). Merging groups, then the groups' results, keeps it near linear.
 */
const MERGE_GROUP = 64;

/** All updates as one. Missing dependencies stay as they are: a client holds them until they come. */
export function mergeAll(updates: readonly Uint8Array[]): Uint8Array {
  let level = updates;
  while (level.length > 1) {
    const merged: Uint8Array[] = [];
    for (let start = 0; start < level.length; start += MERGE_GROUP) {
      const group = level.slice(start, start + MERGE_GROUP);
      merged.push(group.length === 1 && group[0] !== undefined ? group[0] : Y.mergeUpdates(group));
    }
    level = merged;
  }
  return level[0] ?? EMPTY_UPDATE;
}

/** What of `state` a client with this state vector lacks, every deletion included. */
export function diff(state: Uint8Array, stateVector: Uint8Array): Uint8Array {
  const isEmpty = stateVector.byteLength === 1 && stateVector[0] === 0;
  return isEmpty ? state : Y.diffUpdate(state, stateVector);
}

/**
 * Whether every one of `deletions` is among those that are known.
 * @param known of an update that Yjs encoded from a document or merged: sorted by clock, neighbours joined
 */
export function areKnown(deletions: Ranges, known: Ranges): boolean {
  for (const [client, ranges] of deletions) {
    const have = known.get(client) ?? [];
    for (const { clock, len } of ranges) {
      const range = lastStartingBy(have, clock);
      if (range === undefined || clock + len > range.clock + range.len) return false;
    }
  }
  return true;
}

/** The last of the sorted ranges that does not start after `clock`. */
function lastStartingBy<Range extends { readonly clock: number }>(
  ranges: readonly Range[],
  clock: number,
): Range | undefined {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ranges[middle]?.clock ?? Infinity) <= clock) low = middle + 1;
    else high = middle;
  }
  return ranges[low - 1];
}
