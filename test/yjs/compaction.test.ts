import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { compact as compactAndRead } from './compact-bytes.ts';
import { readTrustedUpdate } from '../../src/yjs/read-update.ts';
import { areRangesCovered } from '../../src/yjs/updates.ts';
import { createIndex } from './merge-updates.ts';
import { typedHistory } from './histories.ts';
import { getVisibleContent, createDoc } from './random-edits.ts';

const RUNS = 200;

const compact = (...options: Parameters<typeof compactAndRead>) => compactAndRead(...options)?.bytes ?? null;

const countBytes = (updates: readonly Uint8Array[]) =>
  updates.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** What a document shows that applies the updates at once, as Yjs merges them. */
const getShown = (...updates: readonly Uint8Array[]) =>
  getVisibleContent(createDoc(...(updates.length === 0 ? [] : [Y.mergeUpdates([...updates])])));

function createUpdate(edit: (doc: Y.Doc) => void): Uint8Array {
  const doc = new Y.Doc();
  edit(doc);
  return Y.encodeStateAsUpdate(doc);
}

describe.each([true, false])('compaction with garbage collection: %s', (collectsGarbage) => {
  const compactLog = (log: readonly Uint8Array[]) =>
    compact(log, { collected: collectsGarbage ? createIndex(log).deleteRanges : null });

  it('keeps all content, also without its dependencies, in no more bytes, for any order of arrival', () => {
    let notSmaller = 0;
    fc.assert(
      fc.property(typedHistory, ({ log, lost }) => {
        const one = compactLog(log);
        if (one === null) {
          notSmaller += 1;
          return;
        }
        expect(one.byteLength).toBeLessThanOrEqual(countBytes(log));
        expect(getShown(one)).toEqual(getShown(...log));
        expect(getShown(one, ...lost)).toEqual(getShown(...log, ...lost));
        // Also if the missing updates are applied after the rest.
        expect(getVisibleContent(createDoc(one, ...lost))).toEqual(
          getVisibleContent(createDoc(Y.mergeUpdates(log), ...lost)),
        );
      }),
      { numRuns: RUNS },
    );
    expect(notSmaller).toBeLessThan(RUNS / 2);
  });

  it('is at most 5 % larger than the state of the Yjs document after typing, deleting and overwriting', () => {
    const log: Uint8Array[] = [];
    const doc = new Y.Doc({ gc: collectsGarbage });
    doc.on('update', (update: Uint8Array) => log.push(update));
    const [text, list, map] = [doc.getText('text'), doc.getArray('list'), doc.getMap('map')];
    for (let index = 0; index < 2_000; index++) {
      text.insert(index % 7 === 0 ? index % (text.length + 1) : text.length, 'x');
      if (index % 5 === 0) text.delete(text.length - 1, 1);
      if (index % 10 === 0) list.push([new Y.Map([['done', false]]), 'value', { index }]);
      if (index % 30 === 0) list.delete(0, 2);
      map.set('counter', index);
    }
    const one = compactLog(log);
    expect(one?.byteLength).toBeLessThanOrEqual(1.05 * Y.encodeStateAsUpdate(doc).byteLength);
    // Compacting again gains nothing.
    expect(one === null ? null : compactLog([one])).toBeNull();
  });

  it('does not replace a log that does not get smaller', () => {
    expect(compactLog([createUpdate((doc) => doc.getText('text').insert(0, 'text'))])).toBeNull();
  });
});

const WORDS = ['public', 'new', 'secret', 'hidden', 'inside', 'overwritten'];

/** The words that can be read in the bytes. */
const findWords = (bytes: Uint8Array | null): string[] =>
  WORDS.filter((word) => Buffer.from(bytes ?? []).includes(word));

it('compaction drops deleted content with garbage collection, and keeps it without', () => {
  const log: Uint8Array[] = [];
  const doc = new Y.Doc({ gc: false });
  doc.on('update', (update: Uint8Array) => log.push(update));
  doc.getText('text').insert(0, `public, ${'secret '.repeat(20)}, public`);
  doc.getText('text').delete(8, 140);
  doc.getArray('list').insert(0, [new Y.Map([['in it', 'hidden']]), new Y.Text('inside')]);
  doc.getArray('list').delete(0, 2);
  doc.getMap('map').set('key', 'overwritten');
  doc.getMap('map').set('key', 'new');
  expect(findWords(compact(log, { collected: null }))).toEqual(WORDS);
  const collected = compact(log, { collected: createIndex(log).deleteRanges });
  expect(findWords(collected)).toEqual(['public', 'new']);
  // Also from a single update whose content is deleted.
  const [first, ...rest] = log;
  const alone = first === undefined ? null : compact([first], { collected: createIndex(log).deleteRanges });
  expect(findWords(alone)).toEqual(['public']);
  expect(getShown(...(alone === null ? [] : [alone]), ...rest)).toEqual(getShown(...log));
});

describe('deletions', () => {
  it('are stored only if every range is within a stored range', () => {
    const doc = new Y.Doc();
    doc.getText('text').insert(0, '0123456789');
    const deletionOf = (at: number, length: number) => {
      const copy = new Y.Doc();
      Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
      copy.getText('text').delete(at, length);
      return readTrustedUpdate(Y.encodeStateAsUpdate(copy)).deleteRanges;
    };
    const known = deletionOf(3, 4);
    expect(areRangesCovered(deletionOf(3, 4), known)).toBe(true);
    expect(areRangesCovered(deletionOf(4, 2), known)).toBe(true);
    expect(areRangesCovered(deletionOf(2, 2), known)).toBe(false);
    expect(areRangesCovered(deletionOf(6, 2), known)).toBe(false);
    expect(areRangesCovered(deletionOf(9, 1), known)).toBe(false);
    expect(areRangesCovered(deletionOf(0, 1), known)).toBe(false);
  });
});
