import * as Y from 'yjs';
import { readOwnUpdate } from './read-update.ts';
import { areKnown } from './updates.ts';

/**
 * How often a result may be read back before it must come out the same. Twice is rare: Yjs lets an update wait although
 * its dependencies are there, if it came together with one that really waits, and integrates it when it is read again.
 */
const MAX_READINGS = 4;

/**
 * One update that says the same as all of these, or `null` where that would not be smaller or cannot be proven the same.
 * Goes through a `Y.Doc`, because only integration joins neighbouring keystrokes into one item and, in workspaces, drops
 * what was deleted. Updates that wait for their dependencies are kept: `encodeStateAsUpdate` carries them.
 */
export function compact(
  updates: readonly Uint8Array[],
  { collectGarbage }: { collectGarbage: boolean },
): Uint8Array | null {
  if (updates.length < 2) return null;
  let doc: Y.Doc | undefined;
  try {
    doc = docOf(updates, collectGarbage);
    let merged = Y.encodeStateAsUpdate(doc);
    for (let reading = 1; reading <= MAX_READINGS; reading++) {
      doc.destroy();
      doc = docOf([merged], collectGarbage);
      const again = Y.encodeStateAsUpdate(doc);
      if (Buffer.compare(again, merged) === 0) return smallerAndWhole(merged, doc, updates);
      merged = again;
    }
    console.error({
      event: 'compaction refused',
      updates: updates.length,
      flaw: 'it is written differently each time',
    });
  } catch (error) {
    // Updates that decode but cannot be integrated: the log stays as it is, and the room goes on relaying it.
    console.error({ event: 'compaction failed', updates: updates.length, error: String(error) });
  } finally {
    doc?.destroy();
  }
  return null;
}

function docOf(updates: readonly Uint8Array[], gc: boolean): Y.Doc {
  const doc = new Y.Doc({ gc });
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  return doc;
}

/** `merged`, where it is no larger than the updates and nothing of theirs is missing in it. */
function smallerAndWhole(merged: Uint8Array, doc: Y.Doc, updates: readonly Uint8Array[]): Uint8Array | null {
  if (merged.byteLength > updates.reduce((sum, update) => sum + update.byteLength, 0)) return null;
  if (keepsInserts(doc, updates) && keepsDeletions(merged, updates)) return merged;
  console.error({ event: 'compaction refused', updates: updates.length, flaw: 'something is missing' });
  return null;
}

/** Whether the document has every insert of every update, integrated or waiting. */
function keepsInserts(doc: Y.Doc, updates: readonly Uint8Array[]): boolean {
  const have = Y.decodeStateVector(Y.encodeStateVector(doc));
  const waiting = doc.store.pendingStructs;
  if (waiting !== null) {
    for (const [client, clock] of Y.parseUpdateMetaV2(waiting.update).to) {
      have.set(client, Math.max(clock, have.get(client) ?? 0));
    }
  }
  return updates.every((update) =>
    [...Y.parseUpdateMeta(update).to].every(([client, clock]) => clock <= (have.get(client) ?? 0)),
  );
}

function keepsDeletions(merged: Uint8Array, updates: readonly Uint8Array[]): boolean {
  const have = readOwnUpdate(merged).deletions;
  return updates.every((update) => areKnown(readOwnUpdate(update).deletions, have));
}
