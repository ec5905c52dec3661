import * as Y from 'yjs';
import { ContentIndex, clipPieces } from '../../src/yjs/content-index.ts';
import { readTrustedUpdate } from '../../src/yjs/read-update.ts';
import type { Snapshot } from '../../src/yjs/snapshot.ts';
import { readContentBytes, createBytesSource, createContent } from '../../src/yjs/structs/write-content.ts';

/** Indexes updates as a log of them. */
export function createIndex(updates: readonly Uint8Array[]): ContentIndex {
  const index = new ContentIndex();
  for (const [number, update] of updates.entries())
    index.add(readTrustedUpdate(update), createBytesSource(update, number + 1));
  return index;
}

/** Merges updates as a room does. */
export function mergeAll(updates: readonly Uint8Array[]): Uint8Array {
  const { pieces, deletions } = createIndex(updates);
  return readContentBytes(createContent(pieces, deletions));
}

/** What a client with this state vector lacks. */
export function getMissing(updates: readonly Uint8Array[], stateVector: Uint8Array): Uint8Array {
  const { pieces, deletions } = createIndex(updates);
  return readContentBytes(
    createContent(clipPieces(pieces, 'after', Y.decodeStateVector(stateVector)), deletions),
  );
}

export function createSnapshot(state: Uint8Array): Snapshot {
  const { stateVector, deletions } = createIndex([state]);
  return { stateVector, deletions };
}

/** The state at a snapshot, cut out of a later state. */
export function getStateAt(state: Uint8Array, { stateVector, deletions }: Snapshot): Uint8Array {
  return readContentBytes(
    createContent(clipPieces(createIndex([state]).pieces, 'before', stateVector), deletions),
  );
}
