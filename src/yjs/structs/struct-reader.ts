import * as decoding from 'lib0/decoding';
import { MalformedInput, readUint8, readVarUint, readVarUint8Array } from '../decode.ts';
import { isObjectNext, parseJson, readLength, skipAny, skipString, skipType } from './struct-content.ts';

// Yjs 13.6, src/utils/updates.js `lazyStructReaderGenerator`, src/structs/Item.js and the contents beside it.
/** Of a struct's first byte, the bits that tell what it is or has. */
export const CONTENT = 0b0001_1111;
const HAS_PARENT_KEY = 0b0010_0000;
export const HAS_RIGHT_ORIGIN = 0b0100_0000;
export const HAS_ORIGIN = 0b1000_0000;

/** What a struct is or has, by the number that Yjs writes for it. */
export const KIND = {
  garbage: 0,
  deleted: 1,
  json: 2,
  binary: 3,
  string: 4,
  embed: 5,
  format: 6,
  type: 7,
  any: 8,
  subdocument: 9,
  gap: 10,
} as const;

/** An item of a client, by the clock of its first or last element. */
export interface Id {
  readonly client: number;
  readonly clock: number;
}

/** One struct as it stands in the bytes of an update. Byte positions count from the first byte of the update. */
export interface Struct extends Id {
  readonly kind: number;
  /** In clocks. */
  readonly length: number;
  readonly origin: Id | null;
  readonly rightOrigin: Id | null;
  /** The type that it is in, where it names one: where it has no origins and is not at the top. */
  readonly parent: Id | null;
  /** Values in its content, those inside of others too; 1 for what is no JSON-like content. */
  readonly values: number;
  readonly start: number;
  /** Where the content begins, which is after the neighbours and the parent. */
  readonly contentStart: number;
  readonly end: number;
}

/**
 * Reads the structs of one client after the other, from first byte to last, and holds on to nothing. It is itself the
 * struct that was read last.
 */
export class StructReader implements Struct {
  readonly decoder: decoding.Decoder;
  client = 0;
  clock = 0;
  length = 0;
  kind = 0;
  values = 1;
  origin: Id | null = null;
  rightOrigin: Id | null = null;
  parent: Id | null = null;
  start = 0;
  contentStart = 0;
  end = 0;

  constructor(bytes: Uint8Array, position = 0) {
    this.decoder = decoding.createDecoder(bytes);
    this.decoder.pos = position;
  }

  /** From here on the structs are this client's, the first one at this clock. */
  begin(client: number, clock: number): void {
    this.client = client;
    this.clock = clock;
    this.length = 0;
  }

  /** @throws where there is no struct, or one that Yjs cannot take in */
  next(): void {
    const { decoder } = this;
    this.clock += this.length;
    this.start = decoder.pos;
    this.origin = null;
    this.rightOrigin = null;
    this.parent = null;
    this.values = 1;
    const info = readUint8(decoder);
    this.kind = info & CONTENT;
    if (info === KIND.gap || this.kind === KIND.garbage) {
      this.contentStart = decoder.pos;
      this.length = info === KIND.gap ? readVarUint(decoder) : readLength(decoder);
    } else {
      if ((info & HAS_ORIGIN) !== 0) this.origin = this.#readId();
      if ((info & HAS_RIGHT_ORIGIN) !== 0) this.rightOrigin = this.#readId();
      // An item without neighbours names its parent.
      if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) this.#readParent((info & HAS_PARENT_KEY) !== 0);
      this.contentStart = decoder.pos;
      this.length = this.#readContent();
    }
    this.end = decoder.pos;
    // Yjs could write such a clock but not read it.
    if (this.clock + this.length > Number.MAX_SAFE_INTEGER)
      throw new MalformedInput('a clock beyond all numbers');
  }

  #readParent(hasKey: boolean): void {
    if (readVarUint(this.decoder) === 1) skipString(this.decoder);
    else this.parent = this.#readId();
    if (hasKey) skipString(this.decoder);
  }

  /** @throws where an item refers to itself or to what its client wrote later, for which Yjs does not wait but throws */
  #readId(): Id {
    const client = readVarUint(this.decoder);
    const clock = readVarUint(this.decoder);
    if (client === this.client && clock >= this.clock)
      throw new MalformedInput('a reference to what comes later');
    return { client, clock };
  }

  /**
   * @returns the content's length in clocks
   * @throws where there is no such content or it cannot be decoded
   */
  #readContent(): number {
    const { decoder } = this;
    switch (this.kind) {
      case KIND.deleted:
        return readLength(decoder);
      case KIND.json: {
        const length = readLength(decoder);
        this.values = 0;
        for (let left = length; left > 0; left--) this.values += parseJson(decoder, true);
        return length;
      }
      case KIND.binary:
        readVarUint8Array(decoder);
        return 1;
      case KIND.string: {
        const length = skipString(decoder);
        if (length === 0) throw new MalformedInput('an empty string');
        return length;
      }
      case KIND.embed:
        this.values = parseJson(decoder, false);
        return 1;
      case KIND.format:
        skipString(decoder);
        this.values = parseJson(decoder, false);
        return 1;
      case KIND.type:
        skipType(decoder);
        return 1;
      case KIND.any: {
        const length = readLength(decoder);
        this.values = 0;
        for (let left = length; left > 0; left--) this.values += skipAny(decoder);
        return length;
      }
      case KIND.subdocument: {
        skipString(decoder);
        if (!isObjectNext(decoder)) throw new MalformedInput('options of a subdocument that are no object');
        this.values = skipAny(decoder);
        return 1;
      }
      default:
        throw new MalformedInput(`unknown content ${this.kind}`);
    }
  }
}
