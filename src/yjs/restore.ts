import * as Y from 'yjs';
import { toDeleteSet, subtractRanges } from './snapshot.ts';

/** The transaction origin of updates that are stored already. */
const STORED = Symbol('stored');

/**
 * Creates the edit that gives a document the content of an earlier version: it deletes later inserts and inserts deleted
 * content again. Applying the version's update would change nothing, because the document has all of its structs.
 * @param version the version's state, one update (v1)
 * @param now the state, one update (v1), of a document with `gc: false`
 * @returns one update (v1); `null` if the document has the version's content already
 */
export function createRestoreUpdate(version: Uint8Array, now: Uint8Array): Uint8Array | null {
  const doc = new Y.Doc({ gc: false });
  try {
    const edits: Uint8Array[] = [];
    // Yjs deletes redundant formatting while it applies an update (13.6, `cleanupYTextFormatting`). No other client has
    // these deletions, so they belong to the edit: the version may need that formatting.
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== STORED) edits.push(update);
    });
    Y.applyUpdate(doc, version, STORED);
    const then = Y.snapshot(doc);
    Y.applyUpdate(doc, now, STORED);
    const { sv, ds } = Y.snapshot(doc);
    // The stack item that an undo manager would have recorded from the version until now.
    const undo = new Y.UndoManager(doc);
    undo.undoStack.push({
      insertions: getInsertedSince(then.sv, sv),
      deletions: toDeleteSet(subtractRanges(ds.clients, then.ds.clients)),
      meta: new Map(),
    });
    return undo.undo() === null ? null : Y.mergeUpdates(edits);
  } finally {
    doc.destroy();
  }
}

function getInsertedSince(
  then: ReadonlyMap<number, number>,
  now: ReadonlyMap<number, number>,
): ReturnType<typeof Y.createDeleteSet> {
  const inserted = new Map<number, { clock: number; len: number }[]>();
  for (const [client, end] of now) {
    const clock = then.get(client) ?? 0;
    if (end > clock) inserted.set(client, [{ clock, len: end - clock }]);
  }
  return toDeleteSet(inserted);
}
