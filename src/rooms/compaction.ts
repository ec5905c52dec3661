import * as Y from 'yjs';
import { fitsInMemory } from './doc-weight.ts';
import { MAX_DOC_WEIGHT_BYTES } from './limits.ts';
import { insertsOf, readOwnUpdate } from './read-update.ts';
import { subtract, unite } from './snapshot.ts';
import { areKnown, mergeAll } from './updates.ts';

/**
 * How often a result may be read back before it must come out the same. Twice is rare: Yjs lets an update wait although
 * its dependencies are there, if it came together with one that really waits, and integrates it when it is read again.
 */
const MAX_READINGS = 4;

interface CompactionOptions {
  readonly collectGarbage: boolean;
  /** In bytes, by the estimate of `doc-weight.ts`. */
  readonly maxDocWeight?: number;
}

/**
 * One update that says the same as all of these, or `null` where that would not be smaller or cannot be proven the same.
 * Goes through a `Y.Doc` where memory allows one, because only integration joins neighbouring keystrokes into one item
 * and, in workspaces, drops what was deleted. Updates that wait for their dependencies are kept: `encodeStateAsUpdate`
 * carries them.
 */
export function compact(
  updates: readonly Uint8Array[],
  { collectGarbage, maxDocWeight = MAX_DOC_WEIGHT_BYTES }: CompactionOptions,
): Uint8Array | null {
  if (updates.length < 2) return null;
  return fitsInMemory(updates, maxDocWeight) ? integrated(updates, collectGarbage) : merged(updates);
}

/** The updates as one, as bytes: its structs are as many as theirs, but it is one to read and not thousands. */
function merged(updates: readonly Uint8Array[]): Uint8Array | null {
  const one = mergeAll(updates);
  if (one.byteLength > bytesOf(updates)) return null;
  const lost = subtract(unite(updates.map(insertsOf)), unite([insertsOf(one)]));
  if (lost.size === 0 && keepsDeletions(one, updates)) return one;
  console.error({ event: 'compaction refused', updates: updates.length, flaw: 'something is missing' });
  return null;
}

function integrated(updates: readonly Uint8Array[], collectGarbage: boolean): Uint8Array | null {
  let doc: Y.Doc | undefined;
  try {
    doc = docOf(updates, collectGarbage);
    let one = Y.encodeStateAsUpdate(doc);
    for (let reading = 1; reading <= MAX_READINGS; reading++) {
      doc.destroy();
      doc = docOf([one], collectGarbage);
      const again = Y.encodeStateAsUpdate(doc);
      if (Buffer.compare(again, one) === 0) return smallerAndWhole(one, doc, updates);
      one = again;
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

/** `one`, where it is no larger than the updates and nothing of theirs is missing in it. */
function smallerAndWhole(one: Uint8Array, doc: Y.Doc, updates: readonly Uint8Array[]): Uint8Array | null {
  if (one.byteLength > bytesOf(updates)) return null;
  if (keepsInserts(doc, updates) && keepsDeletions(one, updates)) return one;
  console.error({ event: 'compaction refused', updates: updates.length, flaw: 'something is missing' });
  return null;
}

const bytesOf = (updates: readonly Uint8Array[]): number =>
  updates.reduce((sum, { byteLength }) => sum + byteLength, 0);

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

function keepsDeletions(one: Uint8Array, updates: readonly Uint8Array[]): boolean {
  const have = readOwnUpdate(one).deletions;
  return updates.every((update) => areKnown(readOwnUpdate(update).deletions, have));
}
