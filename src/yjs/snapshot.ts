import * as Y from 'yjs';
import type { Ranges } from './read-update.ts';

/**
 * What a document had at one time, without its content: how far each client had come, and what was deleted. Both only
 * grow, and a document keeps what is deleted, so any earlier state can be cut out of a later one.
 */
export interface Snapshot {
  /** Clocks by client, up to the first gap. */
  readonly stateVector: ReadonlyMap<number, number>;
  /** Sorted by clock, neighbours joined. */
  readonly deletions: Ranges;
}

export const EMPTY_SNAPSHOT: Snapshot = { stateVector: new Map(), deletions: new Map() };

/** Everything that any of these has. */
export function uniteSnapshots(snapshots: readonly Snapshot[]): Snapshot {
  const stateVector = new Map<number, number>();
  for (const snapshot of snapshots) {
    for (const [client, clock] of snapshot.stateVector) {
      stateVector.set(client, Math.max(clock, stateVector.get(client) ?? 0));
    }
  }
  return { stateVector, deletions: unite(snapshots.map(({ deletions }) => deletions)) };
}

/** What `now` has beyond `before`: so much a version costs. United with `before` it is `now` again. */
export function addedSince(now: Snapshot, before: Snapshot): Snapshot {
  const stateVector = [...now.stateVector].filter(
    ([client, clock]) => clock > (before.stateVector.get(client) ?? 0),
  );
  return { stateVector: new Map(stateVector), deletions: subtract(now.deletions, before.deletions) };
}

export const isEmpty = ({ stateVector, deletions }: Snapshot): boolean =>
  stateVector.size === 0 && deletions.size === 0;

/** As Yjs encodes a snapshot (v2, whose ranges are relative and so shorter). */
export function encodeSnapshot({ stateVector, deletions }: Snapshot): Uint8Array {
  return Y.encodeSnapshotV2(Y.createSnapshot(deleteSetOf(deletions), new Map(stateVector)));
}

/** @throws where the bytes are not what `encodeSnapshot` makes */
export function decodeSnapshot(bytes: Uint8Array): Snapshot {
  const { sv, ds } = Y.decodeSnapshotV2(bytes);
  return { stateVector: sv, deletions: ds.clients };
}

/** As Yjs takes deletions. */
export function deleteSetOf(deletions: Ranges): ReturnType<typeof Y.createDeleteSet> {
  const set = Y.createDeleteSet();
  for (const [client, ranges] of deletions) set.clients.set(client, [...ranges]);
  return set;
}

/** All ranges of all of these, sorted by clock, neighbours joined. */
export function unite(all: readonly Ranges[]): Ranges {
  return Y.mergeDeleteSets(all.map(deleteSetOf)).clients;
}

/** The ranges of `from` without those of `known`. Both sorted by clock, neighbours joined; so is the result. */
export function subtract(from: Ranges, known: Ranges): Ranges {
  const rest = new Map<number, { clock: number; len: number }[]>();
  for (const [client, ranges] of from) {
    const unknown: { clock: number; len: number }[] = [];
    const have = known.get(client) ?? [];
    let next = 0;
    for (const { clock, len } of ranges) {
      const end = clock + len;
      let start = clock;
      while (start < end) {
        while (endOf(have[next]) <= start) next += 1;
        const gapEnd = Math.min(end, have[next]?.clock ?? end);
        if (gapEnd > start) unknown.push({ clock: start, len: gapEnd - start });
        start = Math.max(gapEnd, Math.min(end, endOf(have[next])));
      }
    }
    if (unknown.length > 0) rest.set(client, unknown);
  }
  return rest;
}

const endOf = (range: { readonly clock: number; readonly len: number } | undefined): number =>
  range === undefined ? Infinity : range.clock + range.len;
