import * as decoding from 'lib0/decoding';

/** The bytes are malformed. Any other exception while reading them is a bug in the reader. */
export class MalformedInput extends Error {}

/* Wrappers of lib0's primitives. These throw only for malformed bytes, so every exception becomes a `MalformedInput`. */

export function readVarUint(decoder: decoding.Decoder): number {
  try {
    return decoding.readVarUint(decoder);
  } catch (error) {
    throw malformed(error);
  }
}

export function skipVarInt(decoder: decoding.Decoder): void {
  try {
    decoding.readVarInt(decoder);
  } catch (error) {
    throw malformed(error);
  }
}

/** lib0 0.2 returns `undefined` at the end of the bytes instead of throwing. */
export function readUint8(decoder: decoding.Decoder): number {
  const byte = decoder.arr[decoder.pos];
  if (byte === undefined) throw new MalformedInput('a byte is missing');
  decoder.pos += 1;
  return byte;
}

/** lib0 0.2 reads beyond the end of a view instead of throwing. */
export function readVarUint8Array(decoder: decoding.Decoder): Uint8Array {
  const length = readVarUint(decoder);
  if (length > decoder.arr.length - decoder.pos) throw new MalformedInput('truncated bytes');
  return decoding.readUint8Array(decoder, length);
}

/** @throws MalformedInput if the bytes are not UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw malformed(error);
  }
}

/** @throws MalformedInput if the text is not JSON */
export function parseJsonText(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw malformed(error);
  }
}

/** A `SyntaxError` quotes a part of the text, which is content and must not be logged. */
const malformed = (cause: unknown): MalformedInput =>
  new MalformedInput(cause instanceof SyntaxError ? 'not JSON' : String(cause), { cause });
