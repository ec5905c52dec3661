import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { createRestoreUpdate } from '../../src/yjs/restore.ts';
import {
  EMPTY_SNAPSHOT,
  subtractSnapshot,
  decodeSnapshot,
  encodeSnapshot,
  isEmptySnapshot,
  uniteSnapshots,
} from '../../src/yjs/snapshot.ts';
import { compact } from './compact-bytes.ts';
import { fitsInMemory } from '../../src/yjs/doc-weight.ts';
import { EMPTY_UPDATE } from '../../src/yjs/updates.ts';
import { mergeAll, createSnapshot, getStateAt } from './merge-updates.ts';
import { history } from './histories.ts';
import { getVisibleContent, createDoc, edit } from './random-edits.ts';

const RUNS = 200;

const seeded = { numRuns: RUNS };

describe('a snapshot', () => {
  it('cuts the earlier document out of a later state, including updates without their dependencies', () => {
    fc.assert(
      fc.property(history, ({ log, earlier }) => {
        const cut = getStateAt(mergeAll(log), createSnapshot(mergeAll(earlier)));
        expect(getVisibleContent(createDoc(cut))).toEqual(getVisibleContent(createDoc(mergeAll(earlier))));
      }),
      seeded,
    );
  });

  it('cuts the same out of a compacted state', () => {
    fc.assert(
      fc.property(history, ({ log, earlier }) => {
        const compacted = compact(log, { collected: null })?.bytes ?? mergeAll(log);
        const cut = getStateAt(compacted, createSnapshot(mergeAll(earlier)));
        expect(getVisibleContent(createDoc(cut))).toEqual(getVisibleContent(createDoc(mergeAll(earlier))));
      }),
      seeded,
    );
  });

  it('is the previous snapshot united with the stored difference', () => {
    fc.assert(
      fc.property(history, ({ log, earlier }) => {
        const [before, now] = [createSnapshot(mergeAll(earlier)), createSnapshot(mergeAll(log))];
        const added = decodeSnapshot(encodeSnapshot(subtractSnapshot(now, before)));
        expect(uniteSnapshots([before, added])).toEqual(now);
        expect(uniteSnapshots([added, before])).toEqual(now);
        expect(isEmptySnapshot(subtractSnapshot(now, now))).toBe(true);
        expect(subtractSnapshot(now, EMPTY_SNAPSHOT)).toEqual(now);
      }),
      seeded,
    );
  });
});

describe('restoring', () => {
  it('gives the document the content of the version after any edits', () => {
    fc.assert(
      fc.property(history, ({ log, earlier }) => {
        const now = mergeAll(log);
        const update = createRestoreUpdate(getStateAt(now, createSnapshot(mergeAll(earlier))), now);
        const restored = createDoc(now, ...(update === null ? [] : [update]));
        expect(getVisibleContent(restored)).toEqual(getVisibleContent(createDoc(mergeAll(earlier))));
      }),
      seeded,
    );
  });

  it('leaves no formatting behind that Yjs deletes while it applies the document', () => {
    const [ada, ben] = [new Y.Doc(), new Y.Doc()];
    const log: Uint8Array[] = [];
    for (const doc of [ada, ben]) {
      doc.on('update', (update: Uint8Array, origin: unknown) => {
        if (origin !== 'sync') log.push(update);
      });
    }
    const text = new Y.Text('abcde');
    ada.getMap('map').set('text', text);
    const version = mergeAll(log);
    Y.applyUpdate(ben, version, 'sync');
    // With Ben's deletion Ada's formatting is empty, so a document deletes it. In the version it is not empty.
    text.format(0, 1, { bold: true });
    const bens = ben.getMap('map').get('text');
    if (bens instanceof Y.Text) bens.delete(0, 1);
    text.insert(2, 'x');

    const now = mergeAll(log);
    const update = createRestoreUpdate(version, now) ?? EMPTY_UPDATE;
    expect(getVisibleContent(createDoc(now, update))).toEqual(getVisibleContent(createDoc(version)));
  });

  it('is undone by restoring the previous state, repeatedly', () => {
    fc.assert(
      fc.property(history, ({ log, earlier }) => {
        const versions = [mergeAll(earlier), mergeAll(log)];
        let now = mergeAll(log);
        for (const version of [0, 1, 0, 1].map((index) => versions[index] ?? new Uint8Array())) {
          const update = createRestoreUpdate(getStateAt(now, createSnapshot(version)), now);
          now = mergeAll([now, ...(update === null ? [] : [update])]);
          expect(getVisibleContent(createDoc(now))).toEqual(getVisibleContent(createDoc(version)));
        }
      }),
      seeded,
    );
  });

  it('creates no edit if the document has the version’s content already', () => {
    fc.assert(
      fc.property(history, ({ log }) => {
        const now = mergeAll(log);
        expect(createRestoreUpdate(getStateAt(now, createSnapshot(now)), now)).toBeNull();
      }),
      seeded,
    );
  });

  it('merges with concurrent edits: every replica converges and keeps their text', () => {
    const choices = fc.array(fc.tuple(fc.nat(60), fc.nat(60), fc.nat(60)));
    fc.assert(
      fc.property(history, choices, ({ log, earlier }, made) => {
        const now = mergeAll(log);
        const away = createDoc(now);
        for (const choice of made) edit(away, choice);
        away.getText('text').insert(0, 'written meanwhile');
        const meanwhile = Y.encodeStateAsUpdate(away);
        const update =
          createRestoreUpdate(getStateAt(now, createSnapshot(mergeAll(earlier))), now) ?? EMPTY_UPDATE;
        const one = createDoc(mergeAll([now, update, meanwhile]));
        expect(getVisibleContent(createDoc(mergeAll([meanwhile, update])))).toEqual(getVisibleContent(one));
        expect(JSON.stringify(one.getText('text').toDelta())).toContain('written meanwhile');
      }),
      seeded,
    );
  });
});

it('the weight of a long string in a map is its size, so that its document can be restored', () => {
  const doc = new Y.Doc();
  doc.getMap('map').set('key', 'x'.repeat(5_500_000));
  expect(fitsInMemory([Y.encodeStateAsUpdate(doc)], 25_000_000)).toBe(true);
  expect(fitsInMemory([Y.encodeStateAsUpdate(doc)], 5_500_000)).toBe(false);
  // A million values take more than their bytes.
  doc.getMap('map').set(
    'key',
    Array.from({ length: 1_000_000 }, () => []),
  );
  expect(fitsInMemory([Y.encodeStateAsUpdate(doc)], 25_000_000)).toBe(false);
});
