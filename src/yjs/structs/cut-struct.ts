import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { parseJson, skipAny } from './struct-content.ts';
import { CONTENT_KIND_MASK, HAS_ORIGIN, HAS_RIGHT_ORIGIN, KIND, type Struct } from './struct-reader.ts';

/** A part of a struct as a struct of its own: `head`, then the bytes between two positions of the struct's update, then `tail`. */
export interface StructPart {
  readonly head: Uint8Array;
  /** Byte positions in the update. */
  readonly from: number;
  readonly to: number;
  readonly tail: Uint8Array;
}

/** U+FFFD. Yjs replaces both halves of a surrogate pair that is cut by it (13.6, `ContentString.splice`). */
const REPLACEMENT = new Uint8Array([0xef, 0xbf, 0xbd]);
const NOTHING = new Uint8Array();

/**
 * Cuts one struct into consecutive parts, as Yjs does (13.6, `splitItem`, and `Item.write` with an offset): each part but
 * the first has the previous element as its origin. Reads the content once, without creating values.
 */
export class StructCutter {
  readonly #bytes: Uint8Array;
  readonly #struct: Struct;
  readonly #decoder: decoding.Decoder;
  #clock: number;
  /** Whether the previous part ended within a surrogate pair. */
  #isHalved = false;

  /**
   * @param bytes the update that has the struct
   * @param struct is not copied and must not change
   */
  constructor(bytes: Uint8Array, struct: Struct) {
    this.#bytes = bytes;
    this.#struct = struct;
    this.#clock = struct.clock;
    this.#decoder = decoding.createDecoder(bytes);
    this.#decoder.pos = struct.contentStart;
    // Skips the length in clocks or, of a string, in bytes.
    decoding.readVarUint(this.#decoder);
  }

  /** Takes the next part, which ends before this clock. */
  take(end: number): StructPart {
    const clock = this.#clock;
    const length = end - clock;
    this.#clock = end;
    const front = this.#createHead(clock);
    switch (this.#struct.kind) {
      case KIND.garbage:
      case KIND.deleted:
        return this.#cut(front, length, NOTHING, this.#decoder.pos);
      case KIND.string:
        return this.#takeString(front, length);
      case KIND.json:
      case KIND.any: {
        const from = this.#decoder.pos;
        for (let left = length; left > 0; left--) {
          if (this.#struct.kind === KIND.json) parseJson(this.#decoder, true);
          else skipAny(this.#decoder);
        }
        return this.#cut(front, length, NOTHING, from);
      }
      default:
        throw new Error(`a struct of kind ${this.#struct.kind} cannot be cut`);
    }
  }

  #takeString(front: Uint8Array, length: number): StructPart {
    const bytes = this.#bytes;
    const before = this.#isHalved ? REPLACEMENT : NOTHING;
    const from = this.#decoder.pos;
    let left = this.#isHalved ? length - 1 : length;
    let to = from;
    while (left > 0) {
      const lead = bytes[to] ?? 0;
      const isPair = lead >= 0xf0;
      if (isPair && left === 1) break;
      left -= isPair ? 2 : 1;
      to += isPair ? 4 : lead < 0x80 ? 1 : lead < 0xe0 ? 2 : 3;
    }
    this.#isHalved = left > 0;
    this.#decoder.pos = this.#isHalved ? to + 4 : to;
    const after = this.#isHalved ? REPLACEMENT : NOTHING;
    const number = before.byteLength + to - from + after.byteLength;
    return { ...this.#cut(front, number, before, from), to, tail: after };
  }

  #cut(front: Uint8Array, number: number, before: Uint8Array, from: number): StructPart {
    const head = encoding.encode((encoder) => {
      encoding.writeUint8Array(encoder, front);
      encoding.writeVarUint(encoder, number);
      encoding.writeUint8Array(encoder, before);
    });
    return { head, from, to: this.#decoder.pos, tail: NOTHING };
  }

  /** The bytes before the content of the part that begins at this clock. */
  #createHead(clock: number): Uint8Array {
    const { kind, client, start, contentStart, rightOrigin } = this.#struct;
    if (clock === this.#struct.clock || kind === KIND.garbage)
      return this.#bytes.subarray(start, contentStart);
    return encoding.encode((encoder) => {
      const info = (this.#bytes[start] ?? 0) & (CONTENT_KIND_MASK | HAS_RIGHT_ORIGIN);
      encoding.writeUint8(encoder, info | HAS_ORIGIN);
      for (const value of [client, clock - 1]) encoding.writeVarUint(encoder, value);
      if (rightOrigin === null) return;
      for (const value of [rightOrigin.client, rightOrigin.clock]) encoding.writeVarUint(encoder, value);
    });
  }
}
