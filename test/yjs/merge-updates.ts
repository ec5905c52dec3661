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
  const { pieces, deleteRanges } = createIndex(updates);
  return readContentBytes(createContent(pieces, deleteRanges));
}

/** What a client with this state vector lacks. */
export function getMissing(updates: readonly Uint8Array[], stateVector: Uint8Array): Uint8Array {
  const { pieces, deleteRanges } = createIndex(updates);
  return readContentBytes(
    createContent(clipPieces(pieces, 'after', Y.decodeStateVector(stateVector)), deleteRanges),
  );
}

export function createSnapshot(state: Uint8Array): Snapshot {
  const { stateVector, deleteRanges } = createIndex([state]);
  return { stateVector, deleteRanges };
}

/** The state at a snapshot, cut out of a later state. */
export function getStateAt(state: Uint8Array, { stateVector, deleteRanges }: Snapshot): Uint8Array {
  return readContentBytes(
    createContent(clipPieces(createIndex([state]).pieces, 'before', stateVector), deleteRanges),
  );
}
