import type * as decoding from 'lib0/decoding';
import {
  MalformedInput,
  decodeText,
  parseJsonText,
  readUint8,
  readVarUint,
  readVarUint8Array,
  skipVarInt,
} from '../decode.ts';
import { MAX_JSON_VALUES } from '../limits.ts';

/**
 * Passes over what a struct contains, and throws where Yjs could not read it. Nothing of it is made into objects where
 * that can be helped: 16 MB of empty objects would take 250 MB of them.
 */

/** Type references with a name behind them: XML elements and hooks. The others stand alone; there are seven. */
const NAMED_TYPES = new Set([3, 5]);
const TYPES = 7;

/** lib0 0.2, src/decoding.js `readAnyLookupTable`. */
const ANY = {
  bytes: 116,
  array: 117,
  object: 118,
  string: 119,
  true: 120,
  false: 121,
  bigint: 122,
  float64: 123,
  float32: 124,
  integer: 125,
  null: 126,
  undefined: 127,
} as const;

/**
 * How much a struct or a deletion covers. Yjs writes nothing that covers nothing, except gaps, and throws when it reads
 * it: whoever joined a room that stores such a thing could not take the room's state in.
 * @throws for 0
 */
export function readLength(decoder: decoding.Decoder): number {
  const length = readVarUint(decoder);
  if (length === 0) throw new MalformedInput('a length of nothing');
  return length;
}

/**
 * Passes over a string without making it.
 * @returns its length in UTF-16 units
 * @throws for what is no UTF-8: the well-formed sequences are those of the Unicode Standard, table 3-7
 */
export function skipString(decoder: decoding.Decoder): number {
  const length = readVarUint(decoder);
  const bytes = decoder.arr;
  const end = decoder.pos + length;
  if (end > bytes.length) throw new MalformedInput('a string cut short');
  let units = 0;
  let at = decoder.pos;
  while (at < end) {
    const lead = bytes[at] ?? 0;
    units += 1;
    if (lead < 0x80) {
      at += 1;
      continue;
    }
    const more = lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
    const least = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const most = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    let isWellFormed = lead >= 0xc2 && lead <= 0xf4 && at + more < end;
    isWellFormed &&= isBetween(bytes[at + 1], least, most);
    for (let index = 2; index <= more; index++) isWellFormed &&= isBetween(bytes[at + index], 0x80, 0xbf);
    if (!isWellFormed) throw new MalformedInput('a string that is no UTF-8');
    // What takes four bytes is a surrogate pair.
    if (more === 3) units += 1;
    at += more + 1;
  }
  decoder.pos = end;
  return units;
}

const isBetween = (byte: number | undefined, least: number, most: number): boolean =>
  byte !== undefined && byte >= least && byte <= most;

/**
 * @param mayBeUndefined whether the word `undefined` will do, which is no JSON
 * @returns how many values it is made of
 */
export function parseJson(decoder: decoding.Decoder, mayBeUndefined: boolean): number {
  const bytes = readVarUint8Array(decoder);
  let values = 1;
  for (const byte of bytes) {
    // A comma, a bracket or a brace comes before each value but the first.
    if (byte === 0x2c || byte === 0x5b || byte === 0x7b) values += 1;
  }
  if (values > MAX_JSON_VALUES) throw new MalformedInput(`JSON of more than ${MAX_JSON_VALUES} values`);
  const json = decodeText(bytes);
  if (!mayBeUndefined || json !== 'undefined') parseJsonText(json);
  return values;
}

/** @returns how many values it is made of */
export function skipAny(decoder: decoding.Decoder): number {
  try {
    return skipNested(decoder);
  } catch (error) {
    // The stack has no more frames. Yjs reads such a value in the same way, so no client could read it either.
    if (error instanceof RangeError) throw new MalformedInput('a value nested too deeply');
    throw error;
  }
}

function skipNested(decoder: decoding.Decoder): number {
  switch (readUint8(decoder)) {
    case ANY.undefined:
    case ANY.null:
    case ANY.true:
    case ANY.false:
      return 1;
    case ANY.integer:
      skipVarInt(decoder);
      return 1;
    case ANY.float32:
      return skipBytes(decoder, 4);
    case ANY.float64:
    case ANY.bigint:
      return skipBytes(decoder, 8);
    case ANY.string:
      skipString(decoder);
      return 1;
    case ANY.bytes:
      readVarUint8Array(decoder);
      return 1;
    case ANY.array: {
      let values = 1;
      for (let left = readVarUint(decoder); left > 0; left--) values += skipNested(decoder);
      return values;
    }
    case ANY.object: {
      let values = 1;
      for (let left = readVarUint(decoder); left > 0; left--) {
        skipString(decoder);
        values += skipNested(decoder);
      }
      return values;
    }
    default:
      throw new MalformedInput('unknown kind of value');
  }
}

/** Whether what `skipAny` would pass over next is an object, an array or bytes. */
export function isObjectNext({ arr, pos }: decoding.Decoder): boolean {
  const kind = arr[pos];
  return kind === ANY.object || kind === ANY.array || kind === ANY.bytes;
}

export function skipType(decoder: decoding.Decoder): void {
  const type = readVarUint(decoder);
  if (type >= TYPES) throw new MalformedInput(`unknown type ${type}`);
  if (NAMED_TYPES.has(type)) skipString(decoder);
}

function skipBytes(decoder: decoding.Decoder, length: number): number {
  if (decoder.pos + length > decoder.arr.length) throw new MalformedInput('a number cut short');
  decoder.pos += length;
  return 1;
}
