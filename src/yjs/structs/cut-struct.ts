import * as decoding from 'lib0/decoding';
import * as encoding from 'lib0/encoding';
import { parseJson, skipAny } from './struct-content.ts';
import { CONTENT, HAS_ORIGIN, HAS_RIGHT_ORIGIN, KIND, type Struct } from './struct-reader.ts';

/** A part of a struct, as a struct of its own: what stands before bytes of the struct, which bytes, and what behind them. */
export interface Cut {
  readonly head: Uint8Array;
  /** Bytes of what the struct stands in. */
  readonly from: number;
  readonly to: number;
  readonly tail: Uint8Array;
}

/** U+FFFD, which is what is left of either half of a surrogate pair that is cut (Yjs 13.6, `ContentString.splice`). */
const REPLACEMENT = new Uint8Array([0xef, 0xbf, 0xbd]);
const NOTHING = new Uint8Array();

/**
 * Cuts one struct into parts, one after the other, as Yjs does (13.6, `splitItem`, and `Item.write` with an offset): a part
 * that does not begin with the struct names the one before it as its origin. Goes through the content once, and makes nothing
 * of it.
 */
export class StructCutter {
  readonly #bytes: Uint8Array;
  readonly #struct: Struct;
  readonly #decoder: decoding.Decoder;
  #clock: number;
  /** Whether the last part ended within a surrogate pair. */
  #isHalved = false;

  /**
   * @param bytes what the struct stands in
   * @param struct a copy of it is not made: it must stay as it is
   */
  constructor(bytes: Uint8Array, struct: Struct) {
    this.#bytes = bytes;
    this.#struct = struct;
    this.#clock = struct.clock;
    this.#decoder = decoding.createDecoder(bytes);
    this.#decoder.pos = struct.contentStart;
    // How many clocks there are or, of a string, how many bytes.
    decoding.readVarUint(this.#decoder);
  }

  /** The next part, which ends before this clock. */
  take(end: number): Cut {
    const clock = this.#clock;
    const length = end - clock;
    this.#clock = end;
    const front = this.#headOf(clock);
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
        throw new Error(`content ${this.#struct.kind} has no parts`);
    }
  }

  #takeString(front: Uint8Array, length: number): Cut {
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

  #cut(front: Uint8Array, number: number, before: Uint8Array, from: number): Cut {
    const head = encoding.encode((encoder) => {
      encoding.writeUint8Array(encoder, front);
      encoding.writeVarUint(encoder, number);
      encoding.writeUint8Array(encoder, before);
    });
    return { head, from, to: this.#decoder.pos, tail: NOTHING };
  }

  /** What stands before the content of the part that begins at this clock. */
  #headOf(clock: number): Uint8Array {
    const { kind, client, start, contentStart, rightOrigin } = this.#struct;
    if (clock === this.#struct.clock || kind === KIND.garbage)
      return this.#bytes.subarray(start, contentStart);
    return encoding.encode((encoder) => {
      const info = (this.#bytes[start] ?? 0) & (CONTENT | HAS_RIGHT_ORIGIN);
      encoding.writeUint8(encoder, info | HAS_ORIGIN);
      for (const value of [client, clock - 1]) encoding.writeVarUint(encoder, value);
      if (rightOrigin === null) return;
      for (const value of [rightOrigin.client, rightOrigin.clock]) encoding.writeVarUint(encoder, value);
    });
  }
}
