import * as decoding from 'lib0/decoding';
import { MalformedInput, readVarUint } from './decode.ts';
import { MAX_RANGES_PER_UPDATE, MAX_STRUCT_RANGES_PER_UPDATE } from './limits.ts';
import { readPositiveLength } from './structs/struct-content.ts';
import { KIND, StructReader, type Struct } from './structs/struct-reader.ts';

/** Ranges of clocks by client, such as an update's delete ranges in its order. */
export type ClockRanges = ReadonlyMap<number, readonly { readonly clock: number; readonly len: number }[]>;

/** Consecutive structs of one client in an update, without a gap. */
export interface StructRange {
  readonly client: number;
  /** Clocks from `clock` until before `end`. */
  readonly clock: number;
  readonly end: number;
  readonly structCount: number;
  /** Byte positions in the update: the start of the first struct and the end of the last. */
  readonly from: number;
  readonly to: number;
}

/** A valid update (v1) and the positions of its structs. */
export interface CheckedUpdate {
  readonly bytes: Uint8Array;
  /** In the update's order. */
  readonly structRanges: readonly StructRange[];
  /** Structs in all ranges; gaps do not count. */
  readonly structCount: number;
  /** Structs without content, because a client dropped it (garbage and deleted items). */
  readonly contentless: number;
  readonly deleteRanges: ClockRanges;
  /** Struct ranges and delete ranges. */
  readonly rangeCount: number;
}

/** `too large`: an update of more than `MAX_RANGES_PER_UPDATE` ranges or `MAX_STRUCT_RANGES_PER_UPDATE` struct ranges. */
export type UpdateFlaw = 'malformed' | 'too large';

class TooManyRanges extends Error {}

/**
 * Checks an update (v1) without creating an object for each struct: `Y.decodeUpdate` takes up to 26 times the update's
 * size (measured).
 * @returns `malformed` if the bytes are not exactly one update
 * @throws if the reader itself fails
 */
export function checkUpdate(bytes: Uint8Array): CheckedUpdate | UpdateFlaw {
  try {
    return readUpdate(bytes, MAX_STRUCT_RANGES_PER_UPDATE, MAX_RANGES_PER_UPDATE);
  } catch (error) {
    if (error instanceof TooManyRanges) return 'too large';
    if (error instanceof MalformedInput) return 'malformed';
    throw error;
  }
}

/**
 * Reads an update that the room stored or created, without limits.
 * @throws MalformedInput
 */
export function readTrustedUpdate(bytes: Uint8Array): CheckedUpdate {
  return readUpdate(bytes, Infinity, Infinity);
}

function readUpdate(bytes: Uint8Array, maxStructRanges: number, maxRanges: number): CheckedUpdate {
  const reader = new StructReader(bytes);
  const structs = readStructRanges(reader, maxStructRanges);
  const structRangeCount = structs.structRanges.length;
  const deletions = readDeleteRanges(reader.decoder, maxRanges - structRangeCount);
  if (decoding.hasContent(reader.decoder)) throw new MalformedInput('bytes after the end of an update');
  return {
    bytes,
    ...structs,
    deleteRanges: deletions.ranges,
    rangeCount: structRangeCount + deletions.count,
  };
}

/**
 * Visits every client id in an update, some more than once: of structs, of their origins and parents, of delete ranges.
 * @param bytes a valid update
 */
export function visitClients(bytes: Uint8Array, visit: (client: number) => void): void {
  const reader = new StructReader(bytes);
  visitStructs(reader, ({ client, origin, rightOrigin, parent }) => {
    visit(client);
    for (const id of [origin, rightOrigin, parent]) if (id !== null) visit(id.client);
  });
  visitDeleteRanges(reader.decoder, visit);
}

/**
 * Visits every struct of an update, gaps included. `struct` is the same object each time.
 * `structs = varUint(clients) (varUint(structs) varUint(client) varUint(clock) struct*)*`
 * @throws if Yjs could not integrate a struct
 */
export function visitStructs(reader: StructReader, visit: (struct: Struct) => void): void {
  const { decoder } = reader;
  for (let clients = readVarUint(decoder); clients > 0; clients--) {
    let structs = readVarUint(decoder);
    const client = readVarUint(decoder);
    reader.begin(client, readVarUint(decoder));
    for (; structs > 0; structs--) {
      reader.next();
      visit(reader);
    }
  }
}

function readStructRanges(
  reader: StructReader,
  maxStructRanges: number,
): Pick<CheckedUpdate, 'structRanges' | 'structCount' | 'contentless'> {
  const structRanges: { -readonly [Key in keyof StructRange]: StructRange[Key] }[] = [];
  let structCount = 0;
  let contentless = 0;
  visitStructs(reader, ({ client, clock, length, kind, start, end }) => {
    if (kind === KIND.gap) return;
    structCount += 1;
    if (kind === KIND.garbage || kind === KIND.deleted) contentless += 1;
    const last = structRanges.at(-1);
    if (last?.client === client && last.end === clock && last.to === start) {
      last.end = clock + length;
      last.structCount += 1;
      last.to = end;
    } else {
      structRanges.push({ client, clock, end: clock + length, structCount: 1, from: start, to: end });
      if (structRanges.length > maxStructRanges) throw new TooManyRanges();
    }
  });
  return { structRanges, structCount, contentless };
}

function readDeleteRanges(
  decoder: decoding.Decoder,
  maxRanges: number,
): { ranges: ClockRanges; count: number } {
  const ranges = new Map<number, { clock: number; len: number }[]>();
  let count = 0;
  visitDeleteRanges(decoder, (client, clock, len) => {
    count += 1;
    if (count > maxRanges) throw new TooManyRanges();
    const ofClient = ranges.get(client);
    if (ofClient === undefined) ranges.set(client, [{ clock, len }]);
    else ofClient.push({ clock, len });
  });
  return { ranges, count };
}

/** `deletions = varUint(clients) (varUint(client) varUint(ranges) (varUint(clock) varUint(length))*)*` */
function visitDeleteRanges(
  decoder: decoding.Decoder,
  visit: (client: number, clock: number, len: number) => void,
): void {
  for (let clients = readVarUint(decoder); clients > 0; clients--) {
    const client = readVarUint(decoder);
    for (let left = readVarUint(decoder); left > 0; left--) {
      const clock = readVarUint(decoder);
      const len = readPositiveLength(decoder);
      if (clock + len > Number.MAX_SAFE_INTEGER) throw new MalformedInput('a clock above 2^53 - 1');
      visit(client, clock, len);
    }
  }
}
