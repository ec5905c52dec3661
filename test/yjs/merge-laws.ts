import { deepStrictEqual as assertSame, ok } from 'node:assert';
import fc from 'fast-check';
import * as Y from 'yjs';
import { compact } from './compact-bytes.ts';
import { splitContent } from '../../src/yjs/content-parts.ts';
import { checkUpdate, readTrustedUpdate } from '../../src/yjs/read-update.ts';
import {
  readContentBytes,
  createBytesSource,
  createContent as updateOf,
} from '../../src/yjs/structs/write-content.ts';
import { createIndex, getMissing, mergeAll, createSnapshot, getStateAt } from './merge-updates.ts';
import { type Choice, getVisibleContent, edit } from './random-edits.ts';

/** A random action of one of three writers. The numbers decide where and how much. */
interface Step {
  readonly writer: number;
  readonly does: 'edits' | 'types' | 'goes on' | 'deletes' | 'takes in' | 'undoes' | 'embeds';
  readonly choice: Choice;
}

/** The updates that a room receives, in order; those that it never receives; and random numbers. */
export interface UnusualHistory {
  readonly log: readonly Uint8Array[];
  readonly lost: readonly Uint8Array[];
  readonly dice: readonly number[];
}

const step = fc.record({
  writer: fc.nat(2),
  does: fc.constantFrom<Step['does'][]>(
    'edits',
    'edits',
    'types',
    'types',
    'goes on',
    'goes on',
    'goes on',
    'deletes',
    'takes in',
    'takes in',
    'undoes',
    'embeds',
  ),
  choice: fc.tuple(fc.nat(60), fc.nat(60), fc.nat(60)),
});

const DICE = 64;

/**
 * Three writers, with or without garbage collection, edit every shared type, split surrogate pairs, and apply each other's
 * updates. The room receives updates late, twice, merged, cut at any clock, with the whole document again, or not at all.
 */
export const unusualHistory: fc.Arbitrary<UnusualHistory> = fc
  .record({
    steps: fc.array(step, { minLength: 1, maxLength: 50, size: 'max' }),
    collects: fc.tuple(fc.boolean(), fc.boolean(), fc.boolean()),
    dice: fc.array(fc.nat(9_999), { minLength: DICE, maxLength: DICE }),
  })
  .map(({ steps, collects, dice }) => ({
    ...deliver(createUpdates(steps, collects), createDice(dice)),
    dice,
  }));

function createDice(dice: readonly number[]): (sides: number) => number {
  let at = 0;
  // So that 64 random numbers suffice.
  return (sides) => {
    at += 1;
    return ((dice[at % DICE] ?? 0) + 7 * Math.floor(at / DICE)) % sides;
  };
}

interface Written {
  readonly update: Uint8Array;
  /** The writer's whole document at that time. */
  readonly state: Uint8Array;
}

function createUpdates(steps: readonly Step[], collects: readonly boolean[]): Written[] {
  const written: Written[] = [];
  const docs = collects.map((gc, index) => Object.assign(new Y.Doc({ gc }), { clientID: 11 * (index + 1) }));
  const undoes = docs.map(
    (doc) => new Y.UndoManager([doc.getText('text'), doc.getArray('list'), doc.getMap('map')]),
  );
  for (const doc of docs) {
    doc.on('update', (update: Uint8Array, origin: unknown) => {
      if (origin !== 'taken in') written.push({ update, state: Y.encodeStateAsUpdate(doc) });
    });
  }
  // Where another writer last typed, so that writers insert after the same character, concurrently or not.
  let end = 0;
  for (const { writer, does, choice } of steps) {
    const doc = docs[writer];
    const other = docs[(writer + 1 + (choice[0] % 2)) % docs.length];
    if (doc === undefined || other === undefined) continue;
    if (does === 'takes in') {
      Y.applyUpdate(doc, Y.encodeStateAsUpdate(other, Y.encodeStateVector(doc)), 'taken in');
    } else if (does === 'goes on') {
      const text = doc.getText('text');
      text.insert(Math.min(end, text.length), 'uvw'[writer] ?? '');
      end += choice[0] % 2;
    } else if (does === 'undoes') undoes[writer]?.undo();
    else act(doc, does, choice);
  }
  return written;
}

function act(doc: Y.Doc, does: 'edits' | 'types' | 'deletes' | 'embeds', choice: Choice): void {
  const [what, where, detail] = choice;
  const text = doc.getText('text');
  const at = where % (text.length + 1);
  if (does === 'edits') doc.transact(() => edit(doc, choice));
  else if (does === 'types') {
    const typed = ['a', 'bc', '😀', '☘é', 'x🙂y'][what % 5] ?? '';
    if (detail % 3 > 0)
      for (const [index, unit] of Array.from(typed).entries())
        text.insert(Math.min(text.length, at + index), unit);
    else text.insert(at, typed);
  } else if (does === 'deletes') text.delete(at, Math.min(1 + (detail % 5), text.length - at));
  else if (what % 3 === 0) doc.getMap('map').set('subdocument', new Y.Doc({ guid: String(detail) }));
  else if (what % 3 === 1)
    doc.getArray('list').push([new Uint8Array([detail]), { a: [1, 'b', null], b: 10n }, 1.5]);
  else doc.getMap('map').set(`key ${detail % 3}`, ['😀'.repeat(detail % 3), detail]);
}

function deliver(written: readonly Written[], roll: (sides: number) => number): Omit<UnusualHistory, 'dice'> {
  const log: Uint8Array[] = [];
  const lost: Uint8Array[] = [];
  for (const [index, { update, state }] of written.entries()) {
    switch (roll(14)) {
      case 0:
        lost.push(update);
        break;
      case 1:
        log.splice(roll(log.length + 1), 0, update);
        break;
      case 2:
        log.push(update, update);
        break;
      case 3:
        log.push(state);
        break;
      case 4:
        log.push(update, cutSomewhere(state, roll));
        break;
      case 5:
        log.push(cutSomewhere(state, roll), update);
        break;
      case 6:
        log.push(
          Y.mergeUpdates(written.slice(Math.max(0, index - roll(6)), index + 1).map((one) => one.update)),
        );
        break;
      default:
        log.push(update);
    }
  }
  return { log: log.filter((update) => checkUpdate(update) !== 'malformed'), lost };
}

/** What a client with a random state vector lacks. */
function cutSomewhere(state: Uint8Array, roll: (sides: number) => number): Uint8Array {
  return Y.diffUpdate(state, Y.encodeStateVector(pickStateVector(state, roll)));
}

function pickStateVector(state: Uint8Array, roll: (sides: number) => number): Map<number, number> {
  const readState = Y.decodeStateVector(Y.encodeStateVectorFromUpdate(state));
  return new Map([...readState].map(([client, clock]) => [client, roll(clock + 1)]));
}

/**
 * Applies updates in one local transaction, because Yjs deletes formatting after remote ones (13.6,
 * `cleanupYTextFormatting`). Repeats while more updates can be applied: Yjs holds an update back together with one that lacks
 * its dependencies.
 */
function createLocalDoc(...updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc({ gc: false });
  doc.transact(() => {
    for (const update of updates) Y.applyUpdate(doc, update);
  });
  if (doc.store.pendingStructs === null) return doc;
  const again = new Y.Doc({ gc: false });
  again.transact(() => Y.applyUpdate(again, Y.encodeStateAsUpdate(doc)));
  const isMore = Buffer.compare(Y.encodeStateVector(again), Y.encodeStateVector(doc)) !== 0;
  return isMore ? createLocalDoc(Y.encodeStateAsUpdate(again)) : again;
}

const sorted = <Value>(map: ReadonlyMap<number, Value>): [number, Value][] =>
  [...map].toSorted(([one], [other]) => one - other);

/** A document's visible content, state vector and delete set after these updates. */
function readState(...updates: readonly Uint8Array[]): unknown {
  const doc = createLocalDoc(...updates);
  const { sv, ds } = Y.snapshot(doc);
  return {
    content: replaceSurrogates(getVisibleContent(doc)),
    stateVector: sorted(sv),
    deletions: sorted(ds.clients).map(([client, ranges]) => [
      client,
      ranges.map(({ clock, len }) => [clock, len]),
    ]),
  };
}

const readContent = (...updates: readonly Uint8Array[]): unknown =>
  replaceSurrogates(getVisibleContent(createLocalDoc(...updates)));

/**
 * Treats halves of a surrogate pair like U+FFFD. Yjs also splits pairs when it receives content again, so what it shows
 * depends on the order of updates (13.6, `Item.getMissing`); a log keeps the pair.
 */
function replaceSurrogates(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/[\uD800-\uDFFF\uFFFD]/g, '#');
  if (Array.isArray(value)) return value.map(replaceSurrogates);
  if (value === null || typeof value !== 'object' || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, replaceSurrogates(one)]));
}

const countBytes = (updates: readonly Uint8Array[]): number =>
  updates.reduce((sum, { byteLength }) => sum + byteLength, 0);

/** One merged update has the same effect as all updates, also if the missing ones come later. */
function checkMerging({ log, lost }: UnusualHistory): void {
  const merged = mergeAll(log);
  assertSame(readState(merged), readState(...log));
  assertSame(readState(merged, ...lost), readState(...log, ...lost));
  assertSame(readState(...lost, merged), readState(...lost, ...log));
  // Again, and by Yjs itself.
  assertSame(mergeAll([merged]), merged);
  assertSame(readContent(Y.mergeUpdates([merged, ...lost])), readContent(merged, ...lost));
}

/** What a client lacks has the same effect as all updates. */
function checkDiffs({ log, lost, dice }: UnusualHistory): void {
  const roll = createDice(dice);
  const client = [...log, ...lost].filter(() => roll(3) === 0);
  const lacking = getMissing(log, Y.encodeStateVector(createLocalDoc(...client)));
  assertSame(readState(...client, lacking), readState(...client, ...log));
  // A client with any part of it, which may end within an item.
  const merged = mergeAll(log);
  const stateVector = pickStateVector(merged, roll);
  const part = getStateAt(merged, { stateVector, deleteRanges: new Map() });
  const rest = getMissing(log, Y.encodeStateVector(stateVector));
  assertSame(readState(part, rest), readState(part, Y.diffUpdate(merged, Y.encodeStateVector(stateVector))));
  for (const { client: id, clock } of readTrustedUpdate(rest).structRanges)
    ok(clock >= (stateVector.get(id) ?? 0));
}

/** Parts, applied one by one, have the same effect. */
function checkParts({ log, dice }: UnusualHistory): void {
  const index = createIndex(log);
  const parts = [
    ...splitContent(index, { stateVector: new Map(), after: 0, partBytes: 1 + ((dice[0] ?? 0) % 500) }),
  ].map(readContentBytes);
  assertSame(readState(...parts), readState(...log));
}

/** The content at a snapshot is the content at that time. */
function checkSnapshots({ log, dice }: UnusualHistory): void {
  const earlier = log.slice(0, (dice[1] ?? 0) % (log.length + 1));
  assertSame(
    readContent(getStateAt(mergeAll(log), createSnapshot(mergeAll(earlier)))),
    readContent(mergeAll(earlier)),
  );
}

/** Only the new structs of a repeated update are stored. */
function checkNewPieces({ log, dice }: UnusualHistory): void {
  const known = log.slice(0, (dice[2] ?? 0) % (log.length + 1));
  const index = createIndex(known);
  for (const update of log.slice(0, 8)) {
    const added = index.findNewPieces(readTrustedUpdate(update), createBytesSource(update));
    const rest =
      added === null ? update : readContentBytes(updateOf(added, readTrustedUpdate(update).deleteRanges));
    assertSame(readState(...known, rest), readState(...known, update));
    if (known.includes(update)) assertSame(readTrustedUpdate(rest).structCount, 0);
  }
}

/** Compaction, at once or in groups, keeps all content in no more bytes. */
function checkCompaction({ log, lost, dice }: UnusualHistory): void {
  for (const collected of [null, createIndex(log).deleteRanges]) {
    const compacted = createGroups(log, 1 + ((dice[3] ?? 0) % 12)).flatMap((group) => {
      const one = compact(group, { collected })?.bytes;
      if (one === undefined) return group;
      ok(one.byteLength <= countBytes(group));
      return [one];
    });
    // Collected content is deleted.
    const read = collected === null ? readState : readContent;
    const [before, after] = [read(...log), read(...log, ...lost)];
    assertSame(read(...compacted), before);
    assertSame(read(mergeAll(compacted)), before);
    assertSame(read(...compacted, ...lost), after);
    assertSame(read(mergeAll([...compacted, ...lost])), after);
  }
}

function createGroups(log: readonly Uint8Array[], length: number): Uint8Array[][] {
  return Array.from({ length: Math.ceil(log.length / length) }, (_, index) =>
    log.slice(index * length, (index + 1) * length),
  );
}

export const MERGE_LAWS = {
  'a merged update has the effect of all updates': checkMerging,
  'what a client lacks has the effect of all updates': checkDiffs,
  'parts that are applied one by one have the effect of all updates': checkParts,
  'the content at a snapshot is the content at that time': checkSnapshots,
  'the new structs of a repeated update have its effect': checkNewPieces,
  'compaction keeps all content in no more bytes': checkCompaction,
};
