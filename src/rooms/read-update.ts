import * as decoding from 'lib0/decoding';

/** Ranges of deleted clocks by client, as an update lists them. */
export type Deletions = ReadonlyMap<number, readonly { readonly clock: number; readonly len: number }[]>;

/** An update (v1) that was checked, and what it says without its content. */
export interface CheckedUpdate {
  readonly bytes: Uint8Array;
  /** How many structs it inserts; gaps do not count. */
  readonly inserts: number;
  readonly deletions: Deletions;
}

// Yjs 13.6, src/utils/updates.js `lazyStructReaderGenerator` and src/structs/Item.js.
const CONTENT = 0b0001_1111;
const HAS_PARENT_KEY = 0b0010_0000;
const HAS_RIGHT_ORIGIN = 0b0100_0000;
const HAS_ORIGIN = 0b1000_0000;
const GARBAGE = 0;
const SKIP = 10;

/** Type references with a name behind them: XML elements and hooks. The others stand alone; there are seven. */
const NAMED_TYPES = new Set([3, 5]);
const TYPES = 7;

/**
 * Walks through an update (v1) from its first byte to its last and holds on to nothing but its deletions, so that
 * checking an update of many megabytes takes no more memory than the update. (`Y.decodeUpdate` makes an object of every
 * struct: 26 times the size of an update of single characters, measured.)
 * @returns `null` for bytes that are not exactly one update
 */
export function readUpdate(bytes: Uint8Array): CheckedUpdate | null {
  const decoder = decoding.createDecoder(bytes);
  try {
    const inserts = readStructs(decoder);
    const deletions = readDeletions(decoder);
    return decoding.hasContent(decoder) ? null : { bytes, inserts, deletions };
  } catch {
    return null;
  }
}

/**
 * Reads bytes that are an update for certain: stored or made here.
 * @throws where they are none
 */
export function readOwnUpdate(bytes: Uint8Array): CheckedUpdate {
  const update = readUpdate(bytes);
  if (update === null) throw new Error('what is stored is not an update');
  return update;
}

/** `structs = varUint(clients) (varUint(structs) varUint(client) varUint(clock) struct*)*` */
function readStructs(decoder: decoding.Decoder): number {
  let inserts = 0;
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    let structs = decoding.readVarUint(decoder);
    decoding.readVarUint(decoder);
    decoding.readVarUint(decoder);
    for (; structs > 0; structs--) {
      if (readStruct(decoder)) inserts += 1;
    }
  }
  return inserts;
}

/** Whether it was anything but a gap. */
function readStruct(decoder: decoding.Decoder): boolean {
  const info = decoding.readUint8(decoder);
  if (info === SKIP) {
    decoding.readVarUint(decoder);
    return false;
  }
  if ((info & CONTENT) === GARBAGE) {
    readLength(decoder);
    return true;
  }
  if ((info & HAS_ORIGIN) !== 0) readId(decoder);
  if ((info & HAS_RIGHT_ORIGIN) !== 0) readId(decoder);
  // An item without neighbours names its parent.
  if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    if (decoding.readVarUint(decoder) === 1) decoding.readVarString(decoder);
    else readId(decoder);
    if ((info & HAS_PARENT_KEY) !== 0) decoding.readVarString(decoder);
  }
  readContent(decoder, info & CONTENT);
  return true;
}

/**
 * How much a struct or a deletion covers. Yjs writes nothing that covers nothing, except gaps, and throws when it reads
 * it: whoever joined a room that stores such a thing could not take the room's state in.
 * @throws for 0
 */
function readLength(decoder: decoding.Decoder): number {
  const length = decoding.readVarUint(decoder);
  if (length === 0) throw new Error('a length of nothing');
  return length;
}

function readId(decoder: decoding.Decoder): void {
  decoding.readVarUint(decoder);
  decoding.readVarUint(decoder);
}

/** @throws where there is no such content or it cannot be decoded */
function readContent(decoder: decoding.Decoder, content: number): void {
  switch (content) {
    case 1: // deleted
      readLength(decoder);
      break;
    case 2: // JSON
      for (let left = readLength(decoder); left > 0; left--) {
        const json = decoding.readVarString(decoder);
        if (json !== 'undefined') JSON.parse(json);
      }
      break;
    case 3: // binary
      decoding.readVarUint8Array(decoder);
      break;
    case 4: // string
      if (decoding.readVarString(decoder) === '') throw new Error('an empty string');
      break;
    case 5: // embed
      JSON.parse(decoding.readVarString(decoder));
      break;
    case 6: // format
      decoding.readVarString(decoder);
      JSON.parse(decoding.readVarString(decoder));
      break;
    case 7: // type
      readType(decoder);
      break;
    case 8: // any
      for (let left = readLength(decoder); left > 0; left--) decoding.readAny(decoder);
      break;
    case 9: // subdocument
      decoding.readVarString(decoder);
      if (!isObject(decoding.readAny(decoder)))
        throw new Error('options of a subdocument that are no object');
      break;
    default:
      throw new Error(`unknown content ${content}`);
  }
}

function readType(decoder: decoding.Decoder): void {
  const type = decoding.readVarUint(decoder);
  if (type >= TYPES) throw new Error(`unknown type ${type}`);
  if (NAMED_TYPES.has(type)) decoding.readVarString(decoder);
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

/** `deletions = varUint(clients) (varUint(client) varUint(ranges) (varUint(clock) varUint(length))*)*` */
function readDeletions(decoder: decoding.Decoder): Deletions {
  const deletions = new Map<number, { clock: number; len: number }[]>();
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    const client = decoding.readVarUint(decoder);
    const ranges = deletions.get(client) ?? [];
    for (let left = decoding.readVarUint(decoder); left > 0; left--) {
      ranges.push({ clock: decoding.readVarUint(decoder), len: readLength(decoder) });
    }
    if (ranges.length > 0) deletions.set(client, ranges);
  }
  return deletions;
}
