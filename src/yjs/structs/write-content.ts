import * as encoding from 'lib0/encoding';
import { concatBytes } from '../byte-chunks.ts';
import type { Piece, Pieces, UpdateSource } from '../content-index.ts';
import { type StructPart, StructCutter } from './cut-struct.ts';
import type { ClockRanges } from '../read-update.ts';
import { KIND, StructReader, type Struct } from './struct-reader.ts';

/** One update (v1) that is produced chunk by chunk while it is read, so that it is never in memory as a whole. */
export interface Content {
  readonly byteLength: number;
  /** Gaps do not count. */
  readonly structCount: number;
  readonly deleteRanges: ClockRanges;
  chunks(): Generator<Uint8Array>;
}

/** Bytes, or where to read them. */
type Part = Uint8Array | { readonly source: UpdateSource; readonly from: number; readonly to: number };

const NOTHING = new Uint8Array();

/** Creates the update that has these pieces and delete ranges. */
export function createContent(pieces: Pieces, deleteRanges: ClockRanges): Content {
  // The first part is the number of clients, known at the end.
  const parts: Part[] = [NOTHING];
  let clients = 0;
  let structCount = 0;
  // Yjs writes the highest client first, and `Y.mergeUpdates` requires that order.
  for (const [client, ofClient] of [...pieces].toSorted(([one], [other]) => other - one)) {
    const [first] = ofClient;
    if (first === undefined) continue;
    clients += 1;
    const head = parts.push(NOTHING) - 1;
    let structs = 0;
    let clock = first.clock;
    for (const piece of ofClient) {
      if (piece.clock > clock) {
        parts.push(encodeVarUints(KIND.gap, piece.clock - clock));
        structs += 1;
      }
      const cut = createParts(piece);
      for (const part of cut.parts) parts.push(part);
      structs += cut.structs;
      structCount += cut.structs;
      clock = piece.end;
    }
    parts[head] = encodeVarUints(structs, client, first.clock);
  }
  parts[0] = encodeVarUints(clients);
  parts.push(encodeDeleteRanges(deleteRanges));
  return {
    byteLength: parts.reduce((sum, part) => sum + getPartLength(part), 0),
    structCount,
    deleteRanges,
    *chunks() {
      for (const part of parts) {
        if (part instanceof Uint8Array) yield part;
        else yield* part.source.read(part.from, part.to);
      }
    },
  };
}

/** Creates a source for an update that is in memory. */
export function createBytesSource(bytes: Uint8Array, number = 0): UpdateSource {
  return {
    number,
    *read(from, to) {
      yield bytes.subarray(from, to);
    },
  };
}

/** Reads the whole update into memory. */
export function readContentBytes(content: Content): Uint8Array {
  return concatBytes([...content.chunks()]);
}

const getPartLength = (part: Part): number =>
  part instanceof Uint8Array ? part.byteLength : part.to - part.from;

/** The parts of a piece. Structs are read only if the piece is not its whole struct range. */
function createParts(piece: Piece): { structs: number; parts: Part[] } {
  const { source, range } = piece;
  if (piece.clock === range.clock && piece.end === range.end) {
    return { structs: range.structCount, parts: [{ source, from: range.from, to: range.to }] };
  }
  const parts: Part[] = [];
  const inSource = (from: number, to: number): void => {
    const before = parts.at(-1);
    if (before === undefined || before instanceof Uint8Array || before.to !== range.from + from) {
      parts.push({ source, from: range.from + from, to: range.from + to });
    } else parts[parts.length - 1] = { ...before, to: range.from + to };
  };
  let structs = 0;
  visitPieceStructs(piece, (bytes, struct, within) => {
    structs += 1;
    if (coversStruct(struct, within)) return inSource(struct.start, struct.end);
    const { head, from, to, tail } = cutStruct(bytes, struct, within);
    parts.push(head);
    if (to > from) inSource(from, to);
    if (tail.byteLength > 0) parts.push(tail);
  });
  return { structs, parts };
}

/** Clocks of one client. */
interface Clocks {
  readonly clock: number;
  /** The clock after the last. */
  readonly end: number;
}

const coversStruct = (struct: Struct, { clock, end }: Clocks): boolean =>
  clock === struct.clock && end === struct.clock + struct.length;

/** The part of a struct between two of its clocks. */
function cutStruct(bytes: Uint8Array, struct: Struct, { clock, end }: Clocks): StructPart {
  const cutter = new StructCutter(bytes, struct);
  if (clock > struct.clock) cutter.take(clock);
  return cutter.take(end);
}

/**
 * Visits the structs of a piece in clock order.
 * @param visit receives the bytes of the struct range, the struct, and the struct's clocks that are in the piece
 */
export function visitPieceStructs(
  { source, range, clock, end }: Piece,
  visit: (bytes: Uint8Array, struct: Struct, within: Clocks) => void,
): void {
  const bytes = concatBytes([...source.read(range.from, range.to)]);
  const reader = new StructReader(bytes);
  reader.begin(range.client, range.clock);
  for (let left = range.structCount; left > 0; left--) {
    reader.next();
    const structEnd = reader.clock + reader.length;
    if (structEnd <= clock) continue;
    if (reader.clock >= end) return;
    visit(bytes, reader, { clock: Math.max(clock, reader.clock), end: Math.min(end, structEnd) });
  }
}

/**
 * Visits parts of one struct, each as a struct of its own. The first begins at `clock`; each ends before one of `ends`.
 */
export function visitStructParts(
  bytes: Uint8Array,
  struct: Struct,
  { clock, ends }: { clock: number; ends: readonly number[] },
  visit: (bytes: Uint8Array, struct: Struct) => void,
): void {
  const [firstEnd] = ends;
  if (ends.length === 1 && firstEnd !== undefined && coversStruct(struct, { clock, end: firstEnd })) {
    return visit(bytes, struct);
  }
  const cutter = new StructCutter(bytes, struct);
  if (clock > struct.clock) cutter.take(clock);
  let start = clock;
  for (const end of ends) {
    const { head, from, to, tail } = cutter.take(end);
    const part = concatBytes([head, bytes.subarray(from, to), tail]);
    const reader = new StructReader(part);
    reader.begin(struct.client, start);
    reader.next();
    visit(part, reader);
    start = end;
  }
}

/** lib0's variable-length unsigned integers. */
export function encodeVarUints(...values: readonly number[]): Uint8Array {
  return encoding.encode((encoder) => values.forEach((value) => encoding.writeVarUint(encoder, value)));
}

/** `deletions = varUint(clients) (varUint(client) varUint(ranges) (varUint(clock) varUint(length))*)*` */
export function encodeDeleteRanges(deletions: ClockRanges): Uint8Array {
  return encoding.encode((encoder) => {
    encoding.writeVarUint(encoder, deletions.size);
    for (const [client, ranges] of [...deletions].toSorted(([one], [other]) => other - one)) {
      encoding.writeVarUint(encoder, client);
      encoding.writeVarUint(encoder, ranges.length);
      for (const { clock, len } of ranges) {
        encoding.writeVarUint(encoder, clock);
        encoding.writeVarUint(encoder, len);
      }
    }
  });
}
