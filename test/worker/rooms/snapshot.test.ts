import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { restoringUpdate } from '../../../src/rooms/restore.ts';
import {
  EMPTY_SNAPSHOT,
  addedSince,
  decodeSnapshot,
  encodeSnapshot,
  isEmpty,
  snapshotOf,
  uniteSnapshots,
} from '../../../src/rooms/snapshot.ts';
import { stateAt } from '../../../src/rooms/state-at.ts';
import { EMPTY_UPDATE, mergeAll } from '../../../src/rooms/updates.ts';
import { type Choice, contentOf, docOf, edit } from './versions-of-documents.ts';

const RUNS = 200;

/** One of three writers edits, or takes in what another one has. */
type Step = { readonly writer: number; readonly from: number | null; readonly choice: Choice };

const steps = fc.array(
  fc.record({
    writer: fc.nat(2),
    from: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(2) }),
    choice: fc.tuple(fc.nat(60), fc.nat(60), fc.nat(60)),
  }),
  { minLength: 2, maxLength: 80, size: 'max' },
);

/**
 * The updates that three writers make of these steps, in the order in which a room stores them. Compared is what a document
 * shows that takes a state in at once: one that takes its parts in one by one may drop formatting marks on the way that
 * the other still needs (Yjs 13.6, `cleanupYTextFormatting`).
 */
function write(made: readonly Step[], gc: boolean): Uint8Array[] {
  const log: Uint8Array[] = [];
  const docs = [1, 2, 3].map((clientID) => Object.assign(new Y.Doc({ gc }), { clientID }));
  for (const doc of docs) {
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'sync') log.push(update);
    });
  }
  for (const { writer, from, choice } of made) {
    const doc = docs[writer];
    const other = from === null ? undefined : docs[from];
    if (doc === undefined) continue;
    if (other === undefined) doc.transact(() => edit(doc, choice));
    else Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc)), 'sync');
  }
  return log;
}

const history = fc
  .record({ made: steps, gc: fc.boolean(), at: fc.nat(100), swap: fc.nat(100) })
  .map(({ made, gc, at, swap }) => {
    const log = write(made, gc);
    // Some arrive before what they depend on.
    const late = log.splice(swap % (log.length + 1), 1);
    log.splice((swap * 7) % (log.length + 1), 0, ...late);
    const earlier = log.slice(0, at % (log.length + 1));
    return { log, earlier };
  });

const seeded = { numRuns: RUNS };

describe('a snapshot', () => {
  it('cuts out of a later state what the document was, with what still waited for its dependencies', () => {
    fc.assert(
      fc.property(history, ({ log, earlier }) => {
        const cut = stateAt(mergeAll(log), snapshotOf(mergeAll(earlier)));
        expect(contentOf(docOf(cut))).toEqual(contentOf(docOf(mergeAll(earlier))));
      }),
      seeded,
    );
  });

  it('cuts the same out of a compacted state', () => {
    fc.assert(
      fc.property(history, ({ log, earlier }) => {
        const compacted = Y.encodeStateAsUpdate(docOf(...log));
        const cut = stateAt(compacted, snapshotOf(mergeAll(earlier)));
        expect(contentOf(docOf(cut))).toEqual(contentOf(docOf(mergeAll(earlier))));
      }),
      seeded,
    );
  });

  it('is the one before it and what was added since, and survives being stored', () => {
    fc.assert(
      fc.property(history, ({ log, earlier }) => {
        const [before, now] = [snapshotOf(mergeAll(earlier)), snapshotOf(mergeAll(log))];
        const added = decodeSnapshot(encodeSnapshot(addedSince(now, before)));
        expect(uniteSnapshots([before, added])).toEqual(now);
        expect(uniteSnapshots([added, before])).toEqual(now);
        expect(isEmpty(addedSince(now, now))).toBe(true);
        expect(addedSince(now, EMPTY_SNAPSHOT)).toEqual(now);
      }),
      seeded,
    );
  });
});

describe('restoring', () => {
  it('gives the document the content of the version, whatever was edited since', () => {
    fc.assert(
      fc.property(history, ({ log, earlier }) => {
        const now = mergeAll(log);
        const update = restoringUpdate(stateAt(now, snapshotOf(mergeAll(earlier))), now);
        const restored = docOf(now, ...(update === null ? [] : [update]));
        expect(contentOf(restored)).toEqual(contentOf(docOf(mergeAll(earlier))));
      }),
      seeded,
    );
  });

  it('leaves no formatting behind whose marks Yjs drops as it takes the document in', () => {
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
    // Ada's marks stand around nothing when Ben's deletion is known, so a document drops them; not so in the version.
    text.format(0, 1, { bold: true });
    const bens = ben.getMap('map').get('text');
    if (bens instanceof Y.Text) bens.delete(0, 1);
    text.insert(2, 'x');

    const now = mergeAll(log);
    const update = restoringUpdate(version, now) ?? EMPTY_UPDATE;
    expect(contentOf(docOf(now, update))).toEqual(contentOf(docOf(version)));
  });

  it('is undone by restoring what was there before it, again and again', () => {
    fc.assert(
      fc.property(history, ({ log, earlier }) => {
        const versions = [mergeAll(earlier), mergeAll(log)];
        let now = mergeAll(log);
        for (const version of [0, 1, 0, 1].map((index) => versions[index] ?? new Uint8Array())) {
          const update = restoringUpdate(stateAt(now, snapshotOf(version)), now);
          now = mergeAll([now, ...(update === null ? [] : [update])]);
          expect(contentOf(docOf(now))).toEqual(contentOf(docOf(version)));
        }
      }),
      seeded,
    );
  });

  it('says nothing where the content is the version’s already', () => {
    fc.assert(
      fc.property(history, ({ log }) => {
        const now = mergeAll(log);
        expect(restoringUpdate(stateAt(now, snapshotOf(now)), now)).toBeNull();
      }),
      seeded,
    );
  });

  it('merges with what others write meanwhile: every replica ends the same and keeps their words', () => {
    const choices = fc.array(fc.tuple(fc.nat(60), fc.nat(60), fc.nat(60)));
    fc.assert(
      fc.property(history, choices, ({ log, earlier }, made) => {
        const now = mergeAll(log);
        const away = docOf(now);
        for (const choice of made) edit(away, choice);
        away.getText('text').insert(0, 'written meanwhile');
        const meanwhile = Y.encodeStateAsUpdate(away);
        const update = restoringUpdate(stateAt(now, snapshotOf(mergeAll(earlier))), now) ?? EMPTY_UPDATE;
        const one = docOf(mergeAll([now, update, meanwhile]));
        expect(contentOf(docOf(mergeAll([meanwhile, update])))).toEqual(contentOf(one));
        expect(JSON.stringify(one.getText('text').toDelta())).toContain('written meanwhile');
      }),
      seeded,
    );
  });
});
