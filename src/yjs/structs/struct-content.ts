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
import { MAX_VALUES_PER_JSON } from '../limits.ts';

/*
 * Skips the content of structs and throws if Yjs could not read it. Avoids creating values: 16 MB of empty objects would
 * take 250 MB of memory.
 */

/** Type references that a name follows (XML elements and hooks), of seven types in all. */
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
 * Reads the length of a struct or a delete range. Yjs never writes 0, except for gaps, and throws when it reads 0: a
 * client could not load a room that stores such an update.
 * @throws MalformedInput for 0
 */
export function readPositiveLength(decoder: decoding.Decoder): number {
  const length = readVarUint(decoder);
  if (length === 0) throw new MalformedInput('a length of 0');
  return length;
}

/**
 * Skips a string without decoding it.
 * @returns its length in UTF-16 units
 * @throws MalformedInput for bytes that are not well-formed UTF-8 (Unicode Standard, table 3-7)
 */
export function skipString(decoder: decoding.Decoder): number {
  const length = readVarUint(decoder);
  const bytes = decoder.arr;
  const end = decoder.pos + length;
  if (end > bytes.length) throw new MalformedInput('a truncated string');
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
    if (!isWellFormed) throw new MalformedInput('a string that is not UTF-8');
    // Four bytes are a surrogate pair in UTF-16.
    if (more === 3) units += 1;
    at += more + 1;
  }
  decoder.pos = end;
  return units;
}

const isBetween = (byte: number | undefined, least: number, most: number): boolean =>
  byte !== undefined && byte >= least && byte <= most;

/**
 * @param mayBeUndefined whether the word `undefined`, which is not JSON, is valid
 * @returns the number of values, nested ones included
 */
export function parseJson(decoder: decoding.Decoder, mayBeUndefined: boolean): number {
  const bytes = readVarUint8Array(decoder);
  let values = 1;
  for (const byte of bytes) {
    // A comma, a bracket or a brace precedes each value but the first.
    if (byte === 0x2c || byte === 0x5b || byte === 0x7b) values += 1;
  }
  if (values > MAX_VALUES_PER_JSON)
    throw new MalformedInput(`JSON of more than ${MAX_VALUES_PER_JSON} values`);
  const json = decodeText(bytes);
  if (!mayBeUndefined || json !== 'undefined') parseJsonText(json);
  return values;
}

/** @returns the number of values, nested ones included */
export function skipAny(decoder: decoding.Decoder): number {
  try {
    return skipNested(decoder);
  } catch (error) {
    // A stack overflow. Yjs reads values recursively as well, so no client could read this one.
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

/** Whether the next value is an object, an array or bytes. */
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
  if (decoder.pos + length > decoder.arr.length) throw new MalformedInput('a truncated number');
  decoder.pos += length;
  return 1;
}
