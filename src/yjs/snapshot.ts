import * as Y from 'yjs';
import type { ClockRanges } from './read-update.ts';

/**
 * A Yjs snapshot: a state vector and delete ranges. Both only grow and a document keeps deleted content, so any earlier
 * state can be cut out of a later one.
 */
export interface Snapshot {
  /** Clocks by client, up to the first gap. */
  readonly stateVector: ReadonlyMap<number, number>;
  /** Sorted by clock, neighbours joined. */
  readonly deleteRanges: ClockRanges;
}

export const EMPTY_SNAPSHOT: Snapshot = { stateVector: new Map(), deleteRanges: new Map() };

/** The union of snapshots. */
export function uniteSnapshots(snapshots: readonly Snapshot[]): Snapshot {
  const stateVector = new Map<number, number>();
  for (const snapshot of snapshots) {
    for (const [client, clock] of snapshot.stateVector) {
      stateVector.set(client, Math.max(clock, stateVector.get(client) ?? 0));
    }
  }
  return { stateVector, deleteRanges: uniteRanges(snapshots.map(({ deleteRanges }) => deleteRanges)) };
}

/** The part of `now` that `before` lacks. United with `before` it is `now` again. */
export function subtractSnapshot(now: Snapshot, before: Snapshot): Snapshot {
  const stateVector = [...now.stateVector].filter(
    ([client, clock]) => clock > (before.stateVector.get(client) ?? 0),
  );
  return {
    stateVector: new Map(stateVector),
    deleteRanges: subtractRanges(now.deleteRanges, before.deleteRanges),
  };
}

export const isEmptySnapshot = ({ stateVector, deleteRanges }: Snapshot): boolean =>
  stateVector.size === 0 && deleteRanges.size === 0;

/** Yjs's encoding (v2, whose relative ranges are shorter). */
export function encodeSnapshot({ stateVector, deleteRanges }: Snapshot): Uint8Array {
  return Y.encodeSnapshotV2(Y.createSnapshot(toDeleteSet(deleteRanges), new Map(stateVector)));
}

/** @throws if `encodeSnapshot` did not create the bytes */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const { sv, ds } = Y.decodeSnapshotV2(bytes);
  return { stateVector: sv, deleteRanges: ds.clients };
}

/** Yjs's form of delete ranges. */
export function toDeleteSet(deletions: ClockRanges): ReturnType<typeof Y.createDeleteSet> {
  const set = Y.createDeleteSet();
  for (const [client, ranges] of deletions) set.clients.set(client, [...ranges]);
  return set;
}

/** The union of ranges, sorted by clock, neighbours joined. */
export function uniteRanges(all: readonly ClockRanges[]): ClockRanges {
  return Y.mergeDeleteSets(all.map(toDeleteSet)).clients;
}

/** The ranges of `from` without those of `known`. Both must be sorted by clock with neighbours joined; so is the result. */
export function subtractRanges(from: ClockRanges, known: ClockRanges): ClockRanges {
  const rest = new Map<number, { clock: number; len: number }[]>();
  for (const [client, ranges] of from) {
    const unknown: { clock: number; len: number }[] = [];
    const have = known.get(client) ?? [];
    let next = 0;
    for (const { clock, len } of ranges) {
      const end = clock + len;
      let start = clock;
      while (start < end) {
        while (getEnd(have[next]) <= start) next += 1;
        const gapEnd = Math.min(end, have[next]?.clock ?? end);
        if (gapEnd > start) unknown.push({ clock: start, len: gapEnd - start });
        start = Math.max(gapEnd, Math.min(end, getEnd(have[next])));
      }
    }
    if (unknown.length > 0) rest.set(client, unknown);
  }
  return rest;
}

const getEnd = (range: { readonly clock: number; readonly len: number } | undefined): number =>
  range === undefined ? Infinity : range.clock + range.len;
