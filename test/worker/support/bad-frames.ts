import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';
import { MAX_AWARENESS_BYTES, MAX_AWARENESS_CLIENTS } from '../../../src/rooms/limits/socket-limits.ts';
import { frames } from './raw-socket.ts';
import { createDocWithText } from './room-app.ts';

export const HUGE = Number.MAX_SAFE_INTEGER;
/** The client id of the malformed updates, and one without any structs. */
const SENDER = 7;
const UNKNOWN_CLIENT = 99;

type Part = number | string | Uint8Array;

/** Writes numbers as varUint, strings as varString and bytes unchanged. */
export const write = (...parts: readonly Part[]): Uint8Array =>
  encoding.encode((encoder) => {
    for (const part of parts) {
      if (typeof part === 'number') encoding.writeVarUint(encoder, part);
      else if (typeof part === 'string') encoding.writeVarString(encoder, part);
      else encoding.writeUint8Array(encoder, part);
    }
  });

/** An update frame with one struct of `SENDER` and deletions (default: none). */
const struct = (parts: readonly Part[], clock = 0, deletions: readonly Part[] = [0]) =>
  frames.update(write(1, 1, SENDER, clock, ...parts, ...deletions));

/** The info byte of a string item, without and with an origin (Yjs 13.6, src/structs/Item.js). */
const STRING = 4;
const STRING_AFTER = new Uint8Array([STRING | 0x80]);
const IN_ROOT = [1, 'text'] as const;

const awareness = (...parts: readonly Part[]) => {
  const payload = write(...parts);
  return write(1, payload.byteLength, payload);
};

/** Each kind of frame, truncated at every byte. */
const whole = {
  'step 1': frames.step1(Y.encodeStateVector(createDocWithText('x'))),
  'step 2': frames.step2(Y.encodeStateAsUpdate(createDocWithText('cut'))),
  'an update': frames.update(Y.encodeStateAsUpdate(createDocWithText('cut'))),
  awareness: frames.awareness(1, 1, { name: 'Ada' }),
};
export const TRUNCATED = Object.entries(whole).flatMap(([kind, frame]) =>
  Array.from({ length: frame.byteLength }, (_, length): [string, Uint8Array] => [
    `${kind}, ${length} of ${frame.byteLength} bytes`,
    frame.slice(0, length),
  ]),
);

export const MALFORMED: readonly [string, Uint8Array | string][] = [
  ['a length that is too short', write(0, 2, 3, Y.encodeStateAsUpdate(createDocWithText('x')))],
  ['a length that is too long', write(0, 2, 300, Y.encodeStateAsUpdate(createDocWithText('x')))],
  ['bytes after the update', write(frames.update(Y.encodeStateAsUpdate(createDocWithText('x'))), 1)],
  ['bytes after a query', write(3, 0)],
  ...[2, 4, 77, 99, 101, 2 ** 32, HUGE].map((type): [string, Uint8Array] => [
    `the message type ${type}`,
    write(type, 0),
  ]),
  ...[3, 9, 2 ** 31, HUGE].map((type): [string, Uint8Array] => [
    `the sync type ${type}`,
    write(0, type, 1, 0),
  ]),
  ...['hello', '', 'pong', 'PING', '{"type":"sync"}'].map((text): [string, string] => [
    `the text "${text}"`,
    text,
  ]),
  ['a number without an end', new Uint8Array(20).fill(255)],
  ['a frame of a gigantic claimed length', write(0, 2, HUGE, 1)],
  ['an update of a gigantic number of clients', frames.update(write(HUGE))],
  [
    'an update of a gigantic number of structs',
    frames.update(write(1, HUGE, SENDER, 0, STRING, ...IN_ROOT, 'x')),
  ],
  ['an update of a gigantic number of deletions', frames.update(write(0, 1, SENDER, HUGE, 0, 1))],
  ['a string of a gigantic claimed length', struct([STRING, ...IN_ROOT, HUGE])],
  ['JSON of a gigantic claimed number', struct([2, ...IN_ROOT, HUGE, '1'])],
  ['values of a gigantic claimed number', struct([8, ...IN_ROOT, HUGE, 0x7f])],
  ['binary of a gigantic claimed length', struct([3, ...IN_ROOT, HUGE])],
  ['a state vector of a gigantic number of clients', frames.step1(write(HUGE))],
  ['an update of random bytes', frames.update(new Uint8Array([9, 9, 9, 9]))],
  ['a state vector of random bytes', frames.step1(new Uint8Array([200]))],
  ['an unknown kind of content', struct([11, ...IN_ROOT, 1])],
  ['an unknown kind of type', struct([7, ...IN_ROOT, 200])],
  ['an embed that is not JSON', struct([5, ...IN_ROOT, '{"'])],
  ['an item that is its own origin', struct([STRING_AFTER, SENDER, 0, 'x'])],
  ['an item whose origin is later in the same client', struct([STRING_AFTER, SENDER, 5, 'x'])],
  ['an item that is its own parent', struct([STRING, 0, SENDER, 0, 'x'])],
  ['a clock over the largest safe integer', struct([STRING, ...IN_ROOT, 'xy'], HUGE)],
  ['a struct of no length', struct([0, 0])],
  ['an empty string', struct([STRING, ...IN_ROOT, ''])],
  ['a deletion of no length', frames.update(write(0, 1, SENDER, 1, 0, 0))],
  ['bytes after the awareness', awareness(0, 1)],
];

/** Awareness that a room drops, completely or in part. */
export const DROPPED_AWARENESS: readonly [string, Uint8Array][] = [
  ['awareness that is not JSON', awareness(1, 1, 1, '{')],
  ['awareness that is not UTF-8', awareness(1, 1, 1, 3, new Uint8Array([0x22, 0xff, 0x22]))],
  ['awareness without a state', awareness(1, 1, 1, '')],
  ['awareness over its limit in bytes', frames.awareness(1, 1, 'x'.repeat(MAX_AWARENESS_BYTES))],
  ['awareness of a gigantic number of clients', awareness(HUGE, 1, 1, 'null')],
  [
    'awareness of more clients than one socket may represent',
    awareness(
      MAX_AWARENESS_CLIENTS + 1,
      ...Array.from({ length: MAX_AWARENESS_CLIENTS + 1 }, (_, id) => [id, 1, '{}']).flat(),
    ),
  ],
];

/** Valid updates with missing dependencies, which may arrive later. */
export const DANGLING_REFERENCES: readonly [string, Uint8Array][] = [
  ['an origin that does not exist', struct([STRING_AFTER, UNKNOWN_CLIENT, 5, 'x'])],
  ['a parent that does not exist', struct([STRING, 0, UNKNOWN_CLIENT, 5, 'x'])],
  ['a parent that is a character', struct([STRING, 0, 1, 0, 'x'])],
  ['a clock after a gap', struct([STRING, ...IN_ROOT, 'x'], 1_000_000)],
  [
    'a gap of gigantic length',
    frames.update(write(1, 2, SENDER, 0, 10, 2 ** 40, STRING, ...IN_ROOT, 'x', 0)),
  ],
  ['a GC struct of gigantic length', struct([0, HUGE])],
  ['a deletion of content that does not exist', frames.update(write(0, 1, UNKNOWN_CLIENT, 1, 0, HUGE))],
  ['the same insert twice in one update', frames.update(write(1, 2, SENDER, 0, 0, 1, 0, 1, 0))],
];
