import * as decoding from 'lib0/decoding';

/** Ranges of clocks by client, such as those that an update deletes, in the order in which it lists them. */
export type Ranges = ReadonlyMap<number, readonly { readonly clock: number; readonly len: number }[]>;

/** An update (v1) that was checked, and what it says without its content. */
export interface CheckedUpdate {
  readonly bytes: Uint8Array;
  /** How many structs it inserts; gaps do not count. */
  readonly inserts: number;
  /** How many of them come without their content, because whoever sent them had dropped it. */
  readonly hollow: number;
  readonly deletions: Ranges;
}

// Yjs 13.6, src/utils/updates.js `lazyStructReaderGenerator` and src/structs/Item.js.
const CONTENT = 0b0001_1111;
const HAS_PARENT_KEY = 0b0010_0000;
const HAS_RIGHT_ORIGIN = 0b0100_0000;
const HAS_ORIGIN = 0b1000_0000;
const GARBAGE = 0;
const DELETED = 1;
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
    const structs = readStructs(decoder, ignore);
    const deletions = readDeletions(decoder);
    return decoding.hasContent(decoder) ? null : { bytes, ...structs, deletions };
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

/**
 * Names every client that an update speaks of, some of them often: those who inserted, those whose inserts it builds
 * on, those whose inserts it deletes.
 * @param bytes an update that was checked
 */
export function visitClients(bytes: Uint8Array, visit: (client: number) => void): void {
  const decoder = decoding.createDecoder(bytes);
  readStructs(decoder, visit);
  for (const client of readDeletions(decoder).keys()) visit(client);
}

/**
 * What an update inserts, as ranges of clocks by client; gaps do not count.
 * @param bytes an update that was checked
 */
export function insertsOf(bytes: Uint8Array): Ranges {
  const decoder = decoding.createDecoder(bytes);
  const inserts = new Map<number, { clock: number; len: number }[]>();
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    let structs = decoding.readVarUint(decoder);
    const client = decoding.readVarUint(decoder);
    let clock = decoding.readVarUint(decoder);
    const ranges = inserts.get(client) ?? [];
    inserts.set(client, ranges);
    for (; structs > 0; structs--) {
      const { length, isGap } = readStruct(decoder, client, clock);
      const last = ranges.at(-1);
      if (!isGap && last !== undefined && last.clock + last.len === clock) last.len += length;
      else if (!isGap) ranges.push({ clock, len: length });
      clock += length;
    }
  }
  return inserts;
}

const ignore = (): void => undefined;

/** `structs = varUint(clients) (varUint(structs) varUint(client) varUint(clock) struct*)*` */
function readStructs(
  decoder: decoding.Decoder,
  visit: (client: number) => void,
): { inserts: number; hollow: number } {
  let inserts = 0;
  let hollow = 0;
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    let structs = decoding.readVarUint(decoder);
    const client = decoding.readVarUint(decoder);
    let clock = decoding.readVarUint(decoder);
    visit(client);
    for (; structs > 0; structs--) {
      const { length, isGap, isHollow } = readStruct(decoder, client, clock, visit);
      if (!isGap) inserts += 1;
      if (isHollow) hollow += 1;
      clock = endOf(clock, length);
    }
  }
  return { inserts, hollow };
}

/**
 * Reads one struct to its end.
 * @returns its length in clocks; whether it stands for what is not there; whether it comes without its content
 * @throws where there is none, or one that Yjs cannot take in
 */
export function readStruct(
  decoder: decoding.Decoder,
  client: number,
  clock: number,
  visit: (client: number) => void = ignore,
): { length: number; isGap: boolean; isHollow: boolean } {
  const info = decoding.readUint8(decoder);
  if (info === SKIP) return { length: decoding.readVarUint(decoder), isGap: true, isHollow: false };
  if ((info & CONTENT) === GARBAGE) return { length: readLength(decoder), isGap: false, isHollow: true };
  if ((info & HAS_ORIGIN) !== 0) visit(readId(decoder, client, clock));
  if ((info & HAS_RIGHT_ORIGIN) !== 0) visit(readId(decoder, client, clock));
  // An item without neighbours names its parent.
  if ((info & (HAS_ORIGIN | HAS_RIGHT_ORIGIN)) === 0) {
    if (decoding.readVarUint(decoder) === 1) decoding.readVarString(decoder);
    else visit(readId(decoder, client, clock));
    if ((info & HAS_PARENT_KEY) !== 0) decoding.readVarString(decoder);
  }
  const content = info & CONTENT;
  return { length: readContent(decoder, content), isGap: false, isHollow: content === DELETED };
}

/**
 * @returns whose item is referred to
 * @throws where an item refers to itself or to what its client wrote later, for which Yjs does not wait but throws
 */
function readId(decoder: decoding.Decoder, ofClient: number, before: number): number {
  const client = decoding.readVarUint(decoder);
  const clock = decoding.readVarUint(decoder);
  if (client === ofClient && clock >= before) throw new Error('a reference to what comes later');
  return client;
}

/** @throws for a clock that Yjs could write but not read */
function endOf(clock: number, length: number): number {
  if (clock + length > Number.MAX_SAFE_INTEGER) throw new Error('a clock beyond all numbers');
  return clock + length;
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

/**
 * @returns the content's length in clocks
 * @throws where there is no such content or it cannot be decoded
 */
function readContent(decoder: decoding.Decoder, content: number): number {
  switch (content) {
    case DELETED:
      return readLength(decoder);
    case 2: {
      // JSON
      const length = readLength(decoder);
      for (let left = length; left > 0; left--) {
        const json = decoding.readVarString(decoder);
        if (json !== 'undefined') JSON.parse(json);
      }
      return length;
    }
    case 3: // binary
      decoding.readVarUint8Array(decoder);
      return 1;
    case 4: {
      // string, counted in UTF-16 units
      const { length } = decoding.readVarString(decoder);
      if (length === 0) throw new Error('an empty string');
      return length;
    }
    case 5: // embed
      JSON.parse(decoding.readVarString(decoder));
      return 1;
    case 6: // format
      decoding.readVarString(decoder);
      JSON.parse(decoding.readVarString(decoder));
      return 1;
    case 7: // type
      readType(decoder);
      return 1;
    case 8: {
      // any
      const length = readLength(decoder);
      for (let left = length; left > 0; left--) decoding.readAny(decoder);
      return length;
    }
    case 9: // subdocument
      decoding.readVarString(decoder);
      if (!isObject(decoding.readAny(decoder)))
        throw new Error('options of a subdocument that are no object');
      return 1;
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
function readDeletions(decoder: decoding.Decoder): Ranges {
  const deletions = new Map<number, { clock: number; len: number }[]>();
  for (let clients = decoding.readVarUint(decoder); clients > 0; clients--) {
    const client = decoding.readVarUint(decoder);
    const ranges = deletions.get(client) ?? [];
    for (let left = decoding.readVarUint(decoder); left > 0; left--) {
      const range = { clock: decoding.readVarUint(decoder), len: readLength(decoder) };
      endOf(range.clock, range.len);
      ranges.push(range);
    }
    if (ranges.length > 0) deletions.set(client, ranges);
  }
  return deletions;
}
