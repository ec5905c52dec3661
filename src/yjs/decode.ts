import * as decoding from 'lib0/decoding';

/** Bytes are not what they should be. Any other exception while reading them is a fault of the reader. */
export class MalformedInput extends Error {}

/*
 * lib0's primitives, whose exceptions are all about the bytes. They are the only calls whose exceptions are turned into
 * `MalformedInput` without looking at them.
 */

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

/** lib0 0.2 gives `undefined` at the end. */
export function readUint8(decoder: decoding.Decoder): number {
  const byte = decoder.arr[decoder.pos];
  if (byte === undefined) throw new MalformedInput('a byte is missing');
  decoder.pos += 1;
  return byte;
}

/** lib0 0.2 reads on behind the end of a view. */
export function readVarUint8Array(decoder: decoding.Decoder): Uint8Array {
  const length = readVarUint(decoder);
  if (length > decoder.arr.length - decoder.pos) throw new MalformedInput('bytes cut short');
  return decoding.readUint8Array(decoder, length);
}

/** @throws MalformedInput for what is not UTF-8 */
export function decodeText(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    throw malformed(error);
  }
}

/** @throws MalformedInput for what is not JSON */
export function parseJsonText(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch (error) {
    throw malformed(error);
  }
}

/** Of the text that is not JSON its error quotes a part. */
const malformed = (cause: unknown): MalformedInput =>
  new MalformedInput(cause instanceof SyntaxError ? 'not JSON' : String(cause), { cause });
