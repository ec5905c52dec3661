import * as Y from 'yjs';
import { deleteSetOf, subtract } from './snapshot.ts';

const STORED = Symbol('what is stored');

/**
 * The edit that turns a document's content into that of an earlier version of it: deletes what came since, and inserts
 * again what was deleted since. Applying the version's update again would do nothing, since everything in it is there
 * already; only new structs and new deletions change a Yjs document, and these merge with whatever others write meanwhile.
 * @param version the state as of the version, one update (v1)
 * @param now the state, one update (v1), of a document that keeps what is deleted
 * @returns one update (v1); `null` where the content is the version's already
 */
export function restoringUpdate(version: Uint8Array, now: Uint8Array): Uint8Array | null {
  const doc = new Y.Doc({ gc: false });
  try {
    const made: Uint8Array[] = [];
    // Yjs deletes formatting marks that became redundant as it takes an update in (13.6, `cleanupYTextFormatting`). Here
    // nobody else heard of it, so it is part of the edit: what is redundant now need not be redundant in the version.
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== STORED) made.push(update);
    });
    Y.applyUpdate(doc, version, STORED);
    const then = Y.snapshot(doc);
    Y.applyUpdate(doc, now, STORED);
    const { sv, ds } = Y.snapshot(doc);
    // What an undo manager would have recorded, had it watched the document from the version until now.
    const undo = new Y.UndoManager(doc);
    undo.undoStack.push({
      insertions: insertedSince(then.sv, sv),
      deletions: deleteSetOf(subtract(ds.clients, then.ds.clients)),
      meta: new Map(),
    });
    return undo.undo() === null ? null : Y.mergeUpdates(made);
  } finally {
    doc.destroy();
  }
}

function insertedSince(
  then: ReadonlyMap<number, number>,
  now: ReadonlyMap<number, number>,
): ReturnType<typeof Y.createDeleteSet> {
  const inserted = new Map<number, { clock: number; len: number }[]>();
  for (const [client, end] of now) {
    const clock = then.get(client) ?? 0;
    if (end > clock) inserted.set(client, [{ clock, len: end - clock }]);
  }
  return deleteSetOf(inserted);
}
