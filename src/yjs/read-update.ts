import * as decoding from 'lib0/decoding';
import { MalformedInput, readVarUint } from './decode.ts';
import { MAX_UPDATE_ENTRIES, MAX_UPDATE_RUNS } from './limits.ts';
import { readLength } from './structs/struct-content.ts';
import { KIND, StructReader, type Struct } from './structs/struct-reader.ts';

/** Ranges of clocks by client, such as those that an update deletes, in the order in which it lists them. */
export type Ranges = ReadonlyMap<number, readonly { readonly clock: number; readonly len: number }[]>;

/** Structs of one client that follow each other in an update without a gap. */
export interface Run {
  readonly client: number;
  /** The first clock, and the one after the last. */
  readonly clock: number;
  readonly end: number;
  readonly structs: number;
  /** Where they stand in the update, in bytes: where the first one begins, and the last one ends. */
  readonly from: number;
  readonly to: number;
}

/** An update (v1) that was checked, and what it says without its content. */
export interface CheckedUpdate {
  readonly bytes: Uint8Array;
  /** What it inserts, in the order in which it lists it. */
  readonly runs: readonly Run[];
  /** How many structs it inserts; gaps do not count. */
  readonly inserts: number;
  /** How many of them come without their content, because whoever sent them had dropped it. */
  readonly hollow: number;
  readonly deletions: Ranges;
  /** How many runs and ranges of deletions it has. */
  readonly entries: number;
}

/** What is wrong with bytes that a stranger sent. `too large`: an update, of more entries than `MAX_UPDATE_ENTRIES`, or runs than `MAX_UPDATE_RUNS`. */
export type Flaw = 'malformed' | 'too large';

class TooManyEntries extends Error {}

/**
 * Walks through an update (v1) from its first byte to its last and holds on to nothing but where its runs are and its
 * deletions, so that checking an update of many megabytes takes no more memory than the update. (`Y.decodeUpdate` makes
 * an object of every struct: 26 times the size of an update of single characters, measured.)
 * @returns `malformed` for bytes that are not exactly one update
 * @throws where the reader itself fails
 */
export function checkUpdate(bytes: Uint8Array): CheckedUpdate | Flaw {
  try {
    return read(bytes, MAX_UPDATE_RUNS, MAX_UPDATE_ENTRIES);
  } catch (error) {
    if (error instanceof TooManyEntries) return 'too large';
    if (error instanceof MalformedInput) return 'malformed';
    throw error;
  }
}

/**
 * Reads bytes that are an update for certain: stored or made here.
 * @throws MalformedInput where they are none
 */
export function readOwnUpdate(bytes: Uint8Array): CheckedUpdate {
  return read(bytes, Infinity, Infinity);
}

function read(bytes: Uint8Array, maxRuns: number, maxEntries: number): CheckedUpdate {
  const reader = new StructReader(bytes);
  const inserted = readInserts(reader, maxRuns);
  const { deletions, ranges } = readDeletions(reader.decoder, maxEntries - inserted.runs.length);
  if (decoding.hasContent(reader.decoder)) throw new MalformedInput('bytes after the end of an update');
  return { bytes, ...inserted, deletions, entries: inserted.runs.length + ranges };
}

/**
 * Names every client that an update speaks of, some of them often: those who inserted, those whose inserts it builds
 * on, those whose inserts it deletes.
 * @param bytes an update that was checked
 */
export function visitClients(bytes: Uint8Array, visit: (client: number) => void): void {
  const reader = new StructReader(bytes);
  eachStruct(reader, ({ client, origin, rightOrigin, parent }) => {
    visit(client);
    for (const id of [origin, rightOrigin, parent]) if (id !== null) visit(id.client);
  });
  eachDeletion(reader.decoder, visit);
}

/**
 * Visits every struct of an update, gaps too. It is the same object each time.
 * `structs = varUint(clients) (varUint(structs) varUint(client) varUint(clock) struct*)*`
 * @throws where Yjs could not take one in
 */
export function eachStruct(reader: StructReader, visit: (struct: Struct) => void): void {
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

function readInserts(
  reader: StructReader,
  maxRuns: number,
): Pick<CheckedUpdate, 'runs' | 'inserts' | 'hollow'> {
  const runs: { -readonly [Key in keyof Run]: Run[Key] }[] = [];
  let inserts = 0;
  let hollow = 0;
  eachStruct(reader, ({ client, clock, length, kind, start, end }) => {
    if (kind === KIND.gap) return;
    inserts += 1;
    if (kind === KIND.garbage || kind === KIND.deleted) hollow += 1;
    const last = runs.at(-1);
    if (last?.client === client && last.end === clock && last.to === start) {
      last.end = clock + length;
      last.structs += 1;
      last.to = end;
    } else {
      runs.push({ client, clock, end: clock + length, structs: 1, from: start, to: end });
      if (runs.length > maxRuns) throw new TooManyEntries();
    }
  });
  return { runs, inserts, hollow };
}

function readDeletions(decoder: decoding.Decoder, maxRanges: number): { deletions: Ranges; ranges: number } {
  const deletions = new Map<number, { clock: number; len: number }[]>();
  let ranges = 0;
  eachDeletion(decoder, (client, clock, len) => {
    ranges += 1;
    if (ranges > maxRanges) throw new TooManyEntries();
    const ofClient = deletions.get(client);
    if (ofClient === undefined) deletions.set(client, [{ clock, len }]);
    else ofClient.push({ clock, len });
  });
  return { deletions, ranges };
}

/** `deletions = varUint(clients) (varUint(client) varUint(ranges) (varUint(clock) varUint(length))*)*` */
function eachDeletion(
  decoder: decoding.Decoder,
  visit: (client: number, clock: number, len: number) => void,
): void {
  for (let clients = readVarUint(decoder); clients > 0; clients--) {
    const client = readVarUint(decoder);
    for (let left = readVarUint(decoder); left > 0; left--) {
      const clock = readVarUint(decoder);
      const len = readLength(decoder);
      if (clock + len > Number.MAX_SAFE_INTEGER) throw new MalformedInput('a clock beyond all numbers');
      visit(client, clock, len);
    }
  }
}
