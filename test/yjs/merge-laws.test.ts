import fc from 'fast-check';
import * as encoding from 'lib0/encoding';
import { describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { compact } from './compact-bytes.ts';
import { StructCutter } from '../../src/yjs/structs/cut-struct.ts';
import { splitContent } from '../../src/yjs/content-parts.ts';
import { visitStructs, readTrustedUpdate } from '../../src/yjs/read-update.ts';
import { StructReader } from '../../src/yjs/structs/struct-reader.ts';
import { readContentBytes, createContent as updateOf } from '../../src/yjs/structs/write-content.ts';
import { createIndex, getMissing, mergeAll } from './merge-updates.ts';
import { typedHistory } from './histories.ts';
import { MERGE_LAWS, unusualHistory } from './merge-laws.ts';
import { getVisibleContent, createDoc } from './random-edits.ts';

const RUNS = 60;

describe('handling updates as bytes gives the same documents as Yjs, for unusual histories:', () => {
  it.each(Object.entries(MERGE_LAWS))('%s', (_, keeps) => {
    fc.assert(fc.property(unusualHistory, keeps), { numRuns: RUNS });
  });
});

describe('a large state', () => {
  it('is sent in parts of bounded size that end where updates end', () => {
    fc.assert(
      fc.property(typedHistory, fc.integer({ min: 1, max: 2_000 }), ({ log }, maxBytes) => {
        const index = createIndex(log);
        const parts = [...splitContent(index, { stateVector: new Map(), after: 0, partBytes: maxBytes })].map(
          readContentBytes,
        );
        // Each part ends where an update ended, so that clients see only states that existed.
        let seen = 0;
        for (let count = 1; count < parts.length; count++) {
          const upTo = getVisibleContent(createDoc(mergeAll(parts.slice(0, count))));
          const been = log.findIndex(
            (_, end) =>
              end >= seen && isSame(upTo, getVisibleContent(createDoc(mergeAll(log.slice(0, end + 1))))),
          );
          expect(been).toBeGreaterThanOrEqual(seen);
          seen = been;
        }
        const largest = Math.max(0, ...log.map(({ byteLength }) => byteLength));
        const deletions = readContentBytes(updateOf(new Map(), index.deleteRanges)).byteLength;
        for (const part of parts) {
          expect(part.byteLength).toBeLessThanOrEqual(maxBytes + largest + deletions + 100);
        }
      }),
      { numRuns: RUNS },
    );
  });
});

const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);

/** An update of one item with each kind of content that can be cut, in and out of a type with neighbours. */
function createDivisibleUpdates(): Uint8Array[] {
  const updates: Uint8Array[] = [];
  const doc = Object.assign(new Y.Doc({ gc: false }), { clientID: 7 });
  doc.on('update', (update: Uint8Array) => updates.push(update));
  const [text, list] = [doc.getText('text'), doc.getArray('list')];
  text.insert(0, 'a😀é☘🙂b');
  text.insert(4, '😀x🙂');
  text.insert(0, 'first');
  list.push([1, 'two', { three: ['☘'] }, null, 1.5]);
  list.insert(1, [true, false]);
  doc.getText('emptied').insert(0, 'gone');
  doc.getText('emptied').delete(0, 4);
  const collected = new Y.Doc();
  for (const update of updates) Y.applyUpdate(collected, update);
  // `["1", undefined]` as JSON, which Yjs reads but no longer writes; and garbage.
  const json = new Uint8Array([1, 1, 9, 0, 2, 1, 1, 108, 2, 1, 49, 9, ...Buffer.from('undefined'), 0]);
  return [...updates, Y.encodeStateAsUpdate(collected), json, new Uint8Array([1, 1, 9, 0, 0, 5, 0])];
}

it('a struct is cut as Yjs cuts it, at any clock, in surrogate pairs, and into any number of parts', () => {
  let cuts = 0;
  for (const update of createDivisibleUpdates()) {
    visitStructs(new StructReader(update), (struct) => {
      const { client, clock, length, start, end } = struct;
      const alone = encoding.encode((encoder) => {
        for (const value of [1, 1, client, clock]) encoding.writeVarUint(encoder, value);
        encoding.writeUint8Array(encoder, update.subarray(start, end));
        encoding.writeVarUint(encoder, 0);
      });
      for (let at = 1; at < length; at++) {
        const cutter = new StructCutter(update, struct);
        const parts = [cutter.take(clock + at), cutter.take(clock + length)].map(({ head, from, to, tail }) =>
          Buffer.concat([head, update.subarray(from, to), tail]).toString('hex'),
        );
        expect(parts).toEqual(cutByYjs(alone, at));
        cuts += 1;
      }
    });
  }
  expect(cuts).toBeGreaterThan(40);
});

function encodeHex(write: (encoder: Y.UpdateEncoderV1) => void): string {
  const encoder = new Y.UpdateEncoderV1();
  write(encoder);
  return Buffer.from(encoding.toUint8Array(encoder.restEncoder)).toString('hex');
}

/** The two parts of the one struct of an update. */
function cutByYjs(update: Uint8Array, at: number): string[] {
  const [right] = Y.decodeUpdate(update).structs;
  const [left] = Y.decodeUpdate(update).structs;
  if (left === undefined || right === undefined) throw new Error('no struct');
  if (left instanceof Y.Item) left.content.splice(at);
  else left.length = at;
  return [encodeHex((encoder) => left.write(encoder, 0)), encodeHex((encoder) => right.write(encoder, at))];
}

const readText = (update: Uint8Array): string => createDoc(update).getText('text').toJSON();

it('merging, sending and compacting do not split surrogate pairs', () => {
  const doc = new Y.Doc({ gc: false });
  const log: Uint8Array[] = [];
  doc.on('update', (update: Uint8Array) => log.push(update));
  for (const character of ['😀', 'a', '🙂', '☘']) doc.getText('text').insert(0, character);
  doc.getText('text').delete(1, 2);
  const state = Y.encodeStateAsUpdate(doc);
  const whole = doc.getText('text').toJSON();
  expect(readText(mergeAll([...log, state, ...log]))).toBe(whole);
  expect(readText(getMissing(log, new Uint8Array([0])))).toBe(whole);
  for (const collected of [null, createIndex(log).deleteRanges]) {
    expect(readText(compact(log, { collected })?.bytes ?? new Uint8Array([0, 0]))).toBe(whole);
  }
});

it('an item is not joined to the previous one if another client inserted between them', () => {
  const log: Uint8Array[] = [];
  const [one, other] = [33, 11].map((clientID) => Object.assign(new Y.Doc(), { clientID }));
  if (one === undefined || other === undefined) throw new Error('no documents');
  for (const [doc, text, at] of [
    [one, 'a', 0],
    [other, 'z', 1],
    [one, 'b', 1],
  ] as const) {
    for (const update of log) Y.applyUpdate(doc, update);
    const before = Y.encodeStateVector(doc);
    doc.getText('text').insert(at, text);
    log.push(Y.encodeStateAsUpdate(doc, before));
  }
  for (const collected of [null, new Map()]) {
    expect(readText(compact(log, { collected })?.bytes ?? new Uint8Array([0, 0]))).toBe('abz');
  }
});

it('a long text with ten thousand deletions loses its deleted content part by part', () => {
  const doc = new Y.Doc({ gc: false });
  const text = doc.getText('text');
  text.insert(0, `kept${'gone'.repeat(25)}`.repeat(10_000));
  const deletions = encoding.encode((encoder) => {
    for (const value of [0, 1, doc.clientID, 10_000]) encoding.writeVarUint(encoder, value);
    for (let range = 0; range < 10_000; range++) {
      encoding.writeVarUint(encoder, range * 104 + 4);
      encoding.writeVarUint(encoder, 100);
    }
  });
  const log = [Y.encodeStateAsUpdate(doc), deletions];
  Y.applyUpdate(doc, deletions);
  const one = compact(log, { collected: createIndex(log).deleteRanges });
  expect(
    createDoc(one?.bytes ?? new Uint8Array([0, 0]))
      .getText('text')
      .toJSON() === text.toJSON(),
  ).toBe(true);
  expect(one?.structCount).toBe(20_000);
  expect(readTrustedUpdate(one?.bytes ?? new Uint8Array()).rangeCount).toBe(one?.rangeCount);
});

it('a log with the maximum of updates and struct ranges is merged in order', () => {
  const log: Uint8Array[] = [];
  for (let clock = 0; clock < 200_000; clock++) {
    const origin = clock === 0 ? [0x04, 1, 4, 116, 101, 120, 116] : [0x84, 1, ...varUint(clock - 1)];
    log.push(new Uint8Array([1, 1, 1, ...varUint(clock), ...origin, 1, 97 + (clock % 26), 0]));
  }
  const text = readText(mergeAll(log));
  expect(text).toHaveLength(200_000);
  expect(readText(compact(log, { collected: null })?.bytes ?? new Uint8Array([0, 0])) === text).toBe(true);
});

const varUint = (value: number): Uint8Array =>
  encoding.encode((encoder) => encoding.writeVarUint(encoder, value));
