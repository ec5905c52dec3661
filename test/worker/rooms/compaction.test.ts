import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { compact } from '../../../src/rooms/compaction.ts';
import { readOwnUpdate } from '../../../src/rooms/read-update.ts';
import { areKnown, mergeAll } from '../../../src/rooms/updates.ts';

const RUNS = 150;

/** One step of one of three writers, or a sync between two of them. */
type Step = readonly [kind: number, writer: number, other: number, at: number];

const steps = fc.array(fc.tuple(fc.nat(7), fc.nat(2), fc.nat(2), fc.nat(1_000)), {
  minLength: 5,
  maxLength: 80,
});

/** What three writers make of some steps: their updates, in the order in which they were made. */
function write(made: readonly Step[]): Uint8Array[] {
  const updates: Uint8Array[] = [];
  const docs = [1, 2, 3].map((clientID) => Object.assign(new Y.Doc(), { clientID }));
  for (const doc of docs) {
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'sync') updates.push(update);
    });
  }
  for (const [kind, writer, other, at] of made) {
    const [doc, peer] = [docs[writer], docs[other]];
    if (doc === undefined || peer === undefined) continue;
    const [text, list, map] = [doc.getText('text'), doc.getArray('list'), doc.getMap('map')];
    const inside = (length: number) => at % (length + 1);
    if (kind <= 1) text.insert(inside(text.length), 'abc'.slice(kind));
    else if (kind === 2 && text.length > 0) text.delete(at % text.length, 1);
    else if (kind === 3) map.set(`key ${at % 3}`, at);
    else if (kind === 4) list.insert(inside(list.length), [{ at }, 'text', new Y.Map()]);
    else if (kind === 5 && list.length > 0) list.delete(at % list.length, 1);
    else if (kind === 6) text.insert(inside(text.length), 'bold', { bold: true });
    else if (kind === 7) Y.applyUpdate(peer, Y.encodeStateAsUpdate(doc, Y.encodeStateVector(peer)), 'sync');
  }
  return updates;
}

/** Read again and again, because Yjs lets an update wait that came together with one that really must. */
function contentOf(...updates: Uint8Array[]): unknown {
  let doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  for (let reading = 0; reading < 4; reading++) {
    const state = Y.encodeStateAsUpdate(doc);
    doc = new Y.Doc();
    Y.applyUpdate(doc, state);
  }
  return [doc.getText('text').toDelta(), doc.getArray('list').toJSON(), doc.getMap('map').toJSON()];
}

const bytesOf = (updates: readonly Uint8Array[]) =>
  updates.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** As the room does it; and as it must where a document would not fit into memory. */
const WAYS = [true, false].flatMap((collectGarbage) => [
  { collectGarbage },
  { collectGarbage, maxDocWeight: 0 },
]);

describe.each(WAYS)('compaction (%o)', (options) => {
  it('keeps the content and what still waits for its dependencies, in no more bytes, whatever arrived in whatever order', () => {
    let notSmaller = 0;
    fc.assert(
      fc.property(steps, fc.infiniteStream(fc.nat(1_000)), (made, chance) => {
        const all = write(made);
        const arrived = all
          .map((update) => ({
            update,
            order: chance.next().value ?? 0,
            isLost: (chance.next().value ?? 0) < 100,
          }))
          .toSorted((one, two) => one.order - two.order);
        const log = arrived.filter(({ isLost }) => !isLost).map(({ update }) => update);
        const late = arrived.filter(({ isLost }) => isLost).map(({ update }) => update);
        const merged = compact(log, options);
        if (merged === null) {
          // Gaps must be written down: where much is missing, that may take more than it saves.
          notSmaller += 1;
          return;
        }
        expect(merged.byteLength).toBeLessThanOrEqual(bytesOf(log));
        expect(contentOf(merged)).toEqual(contentOf(...log));
        expect(contentOf(merged, ...late)).toEqual(contentOf(...all));
      }),
      { numRuns: RUNS },
    );
    expect(notSmaller).toBeLessThan(RUNS / 2);
  });

  it('leaves a log alone that does not get smaller', () => {
    const [update] = write([[0, 0, 0, 0]]);
    expect(compact(update === undefined ? [] : [update], options)).toBeNull();
  });
});

describe('merging without a document', () => {
  it('says the same as applying one update after the other, for any number of updates', () => {
    fc.assert(
      fc.property(steps, (made) => {
        const updates = write(made);
        expect(contentOf(mergeAll(updates))).toEqual(contentOf(...updates));
        for (const update of updates) {
          expect(areKnown(readOwnUpdate(update).deletions, readOwnUpdate(mergeAll(updates)).deletions)).toBe(
            true,
          );
        }
      }),
      { numRuns: RUNS },
    );
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on('update', (update: Uint8Array) => updates.push(update));
    for (let index = 0; index < 5_000; index++) doc.getText('text').insert(0, 'x');
    expect(contentOf(mergeAll(updates))).toEqual(contentOf(Y.encodeStateAsUpdate(doc)));
  });

  it('tells deletions that are known from those that are not', () => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, '0123456789');
    const deletionOf = (at: number, length: number) => {
      const copy = new Y.Doc();
      Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
      copy.getText('text').delete(at, length);
      return readOwnUpdate(Y.encodeStateAsUpdate(copy)).deletions;
    };
    const known = deletionOf(3, 4);
    expect(areKnown(deletionOf(3, 4), known)).toBe(true);
    expect(areKnown(deletionOf(4, 2), known)).toBe(true);
    expect(areKnown(deletionOf(2, 2), known)).toBe(false);
    expect(areKnown(deletionOf(6, 2), known)).toBe(false);
    expect(areKnown(deletionOf(9, 1), known)).toBe(false);
    expect(areKnown(deletionOf(0, 1), known)).toBe(false);
  });
});
