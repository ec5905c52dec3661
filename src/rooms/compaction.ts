import * as Y from 'yjs';

/**
 * One update that says the same as all of these, or `null` where that would not be smaller or cannot be proven equal.
 * Goes through a `Y.Doc`, because only integration joins neighbouring keystrokes into one item and, in workspaces,
 * drops what was deleted. Updates that still wait for their dependencies are kept: `encodeStateAsUpdate` carries them.
 */
export function compact(
  updates: readonly Uint8Array[],
  options: { collectGarbage: boolean },
): Uint8Array | null {
  if (updates.length < 2) return null;
  const doc = new Y.Doc({ gc: options.collectGarbage });
  try {
    doc.transact(() => {
      for (const update of updates) Y.applyUpdate(doc, update);
    });
    const merged = Y.encodeStateAsUpdate(doc);
    const before = updates.reduce((sum, update) => sum + update.byteLength, 0);
    return merged.byteLength <= before && saysTheSame(doc, merged) ? merged : null;
  } catch (error) {
    // Updates that decode but cannot be integrated: the log stays as it is, and the room goes on relaying it.
    console.error({ event: 'compaction failed', updates: updates.length, error: String(error) });
    return null;
  } finally {
    doc.destroy();
  }
}

/** Whether a document read back from the bytes has the same clocks and the same deletions. */
function saysTheSame(doc: Y.Doc, merged: Uint8Array): boolean {
  const again = new Y.Doc({ gc: doc.gc });
  try {
    Y.applyUpdate(again, merged);
    return Y.equalSnapshots(Y.snapshot(doc), Y.snapshot(again));
  } finally {
    again.destroy();
  }
}
