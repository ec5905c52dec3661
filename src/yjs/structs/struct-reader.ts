import * as decoding from 'lib0/decoding';
import { MalformedInput, readUint8, readVarUint, readVarUint8Array } from '../decode.ts';
import {
  isObjectNext,
  parseJson,
  readPositiveLength,
  skipAny,
  skipString,
  skipType,
} from './struct-content.ts';

// The format is Yjs 13.6's: src/utils/updates.js `lazyStructReaderGenerator`, src/structs/Item.js and Content*.js.
/** The bits of a struct's first byte that are its kind. */
export const CONTENT_KIND_MASK = 0b0001_1111;
const HAS_PARENT_KEY = 0b0010_0000;
export const HAS_RIGHT_ORIGIN = 0b0100_0000;
export const HAS_ORIGIN = 0b1000_0000;

/** Kinds of structs, by Yjs's numbers. */
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

/** A Yjs id: one element of a client. */
export interface Id {
  readonly client: number;
  readonly clock: number;
}

/** One struct and its byte positions in an update. */
export interface Struct extends Id {
  readonly kind: number;
  /** In clocks. */
  readonly length: number;
  readonly origin: Id | null;
  readonly rightOrigin: Id | null;
  /** The id of its parent type. `null` if the struct has origins or its parent is a root type. */
  readonly parent: Id | null;
  /** Values in JSON-like content, nested ones included; 1 for other content. */
  readonly values: number;
  readonly start: number;
  /** The position after the origins and the parent. */
  readonly contentStart: number;
  readonly end: number;
}

/**
 * Reads structs in the order of the bytes. The reader itself is the current struct, so that reading creates no objects.
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

  /** The next structs are this client's, the first at this clock. */
  begin(client: number, clock: number): void {
    this.client = client;
    this.clock = clock;
    this.length = 0;
  }

  /** @throws MalformedInput if there is no struct, or one that Yjs cannot integrate */
  next(): void {
    const { decoder } = this;
    this.clock += this.length;
    this.start = decoder.pos;
    this.origin = null;
    this.rightOrigin = null;
    this.parent = null;
    this.values = 1;
    const info = readUint8(decoder);
    this.kind = info & CONTENT_KIND_MASK;
    if (info === KIND.gap || this.kind === KIND.garbage) {
      this.contentStart = decoder.pos;
      this.length = info === KIND.gap ? readVarUint(decoder) : readPositiveLength(decoder);
    } else {
      if ((info & HAS_ORIGIN) !== 0) this.origin = this.#readId();
      if ((info & HAS_RIGHT_ORIGIN) !== 0) this.rightOrigin = this.#readId();
      // An item without origins has its parent's id or name.
      if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) this.#readParent((info & HAS_PARENT_KEY) !== 0);
      this.contentStart = decoder.pos;
      this.length = this.#readContent();
    }
    this.end = decoder.pos;
    // Yjs can write such a clock but not read it.
    if (this.clock + this.length > Number.MAX_SAFE_INTEGER)
      throw new MalformedInput('a clock above 2^53 - 1');
  }

  #readParent(hasKey: boolean): void {
    if (readVarUint(this.decoder) === 1) skipString(this.decoder);
    else this.parent = this.#readId();
    if (hasKey) skipString(this.decoder);
  }

  /** @throws MalformedInput if an item refers to itself or to a later item of its client: Yjs throws for these */
  #readId(): Id {
    const client = readVarUint(this.decoder);
    const clock = readVarUint(this.decoder);
    if (client === this.client && clock >= this.clock)
      throw new MalformedInput('a reference to a later item of the same client');
    return { client, clock };
  }

  /**
   * @returns the content's length in clocks
   * @throws MalformedInput for unknown or undecodable content
   */
  #readContent(): number {
    const { decoder } = this;
    switch (this.kind) {
      case KIND.deleted:
        return readPositiveLength(decoder);
      case KIND.json: {
        const length = readPositiveLength(decoder);
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
        const length = readPositiveLength(decoder);
        this.values = 0;
        for (let left = length; left > 0; left--) this.values += skipAny(decoder);
        return length;
      }
      case KIND.subdocument: {
        skipString(decoder);
        if (!isObjectNext(decoder))
          throw new MalformedInput('options of a subdocument that are not an object');
        this.values = skipAny(decoder);
        return 1;
      }
      default:
        throw new MalformedInput(`unknown content ${this.kind}`);
    }
  }
}
