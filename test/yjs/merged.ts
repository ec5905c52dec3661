import * as Y from 'yjs';
import { ContentIndex, clipPieces } from '../../src/yjs/content-index.ts';
import { readTrustedUpdate } from '../../src/yjs/read-update.ts';
import type { Snapshot } from '../../src/yjs/snapshot.ts';
import { readContentBytes, createBytesSource, createContent } from '../../src/yjs/structs/write-content.ts';

/** What a log of these updates says. */
export function indexOf(updates: readonly Uint8Array[]): ContentIndex {
  const index = new ContentIndex();
  for (const [number, update] of updates.entries())
    index.add(readTrustedUpdate(update), createBytesSource(update, number + 1));
  return index;
}

/** All of it as one update, as a room writes it. */
export function mergeAll(updates: readonly Uint8Array[]): Uint8Array {
  const { pieces, deletions } = indexOf(updates);
  return readContentBytes(createContent(pieces, deletions));
}

/** What of it a client with this state vector lacks. */
export function lackingOf(updates: readonly Uint8Array[], stateVector: Uint8Array): Uint8Array {
  const { pieces, deletions } = indexOf(updates);
  return readContentBytes(
    createContent(clipPieces(pieces, 'after', Y.decodeStateVector(stateVector)), deletions),
  );
}

export function snapshotOf(state: Uint8Array): Snapshot {
  const { stateVector, deletions } = indexOf([state]);
  return { stateVector, deletions };
}

/** What there was when a snapshot was taken, cut out of a later state. */
export function stateAt(state: Uint8Array, { stateVector, deletions }: Snapshot): Uint8Array {
  return readContentBytes(
    createContent(clipPieces(indexOf([state]).pieces, 'before', stateVector), deletions),
  );
}
