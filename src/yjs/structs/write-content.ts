import * as encoding from 'lib0/encoding';
import { joined } from '../cells.ts';
import type { Piece, Pieces, Source } from '../content-index.ts';
import { type Cut, StructCutter } from './cut-struct.ts';
import type { Ranges } from '../read-update.ts';
import { KIND, StructReader, type Struct } from './struct-reader.ts';

/** One update (v1) that is written from first byte to last only when it is read, so that it is never held as a whole. */
export interface Content {
  readonly byteLength: number;
  /** How many structs it has; gaps do not count. */
  readonly inserts: number;
  readonly deletions: Ranges;
  chunks(): Generator<Uint8Array>;
}

/** Bytes that are here already, or where to read them. */
type Part = Uint8Array | { readonly source: Source; readonly from: number; readonly to: number };

const NOTHING = new Uint8Array();

/** The update that has these pieces and deletions. */
export function contentOf(pieces: Pieces, deletions: Ranges): Content {
  // How many clients follow; known at the end.
  const parts: Part[] = [NOTHING];
  let clients = 0;
  let inserts = 0;
  // Yjs sorts clients, the highest first, and merges only what is sorted so.
  for (const [client, ofClient] of [...pieces].toSorted(([one], [other]) => other - one)) {
    const [first] = ofClient;
    if (first === undefined) continue;
    clients += 1;
    const head = parts.push(NOTHING) - 1;
    let structs = 0;
    let clock = first.clock;
    for (const piece of ofClient) {
      if (piece.clock > clock) {
        parts.push(numbers(KIND.gap, piece.clock - clock));
        structs += 1;
      }
      const cut = partsOf(piece);
      for (const part of cut.parts) parts.push(part);
      structs += cut.structs;
      inserts += cut.structs;
      clock = piece.end;
    }
    parts[head] = numbers(structs, client, first.clock);
  }
  parts[0] = numbers(clients);
  parts.push(encodeDeletions(deletions));
  return {
    byteLength: parts.reduce((sum, part) => sum + lengthOf(part), 0),
    inserts,
    deletions,
    *chunks() {
      for (const part of parts) {
        if (part instanceof Uint8Array) yield part;
        else yield* part.source.read(part.from, part.to);
      }
    },
  };
}

/** To read parts of an update that is in memory. */
export function bytesSource(bytes: Uint8Array, number = 0): Source {
  return {
    number,
    *read(from, to) {
      yield bytes.subarray(from, to);
    },
  };
}

/** All of it in one piece. */
export function bytesOf(content: Content): Uint8Array {
  return joined([...content.chunks()]);
}

const lengthOf = (part: Part): number => (part instanceof Uint8Array ? part.byteLength : part.to - part.from);

/** Where a piece's structs are. Only where it begins or ends within its run are they read. */
function partsOf(piece: Piece): { structs: number; parts: Part[] } {
  const { source, run } = piece;
  if (piece.clock === run.clock && piece.end === run.end) {
    return { structs: run.structs, parts: [{ source, from: run.from, to: run.to }] };
  }
  const parts: Part[] = [];
  const inSource = (from: number, to: number): void => {
    const before = parts.at(-1);
    if (before === undefined || before instanceof Uint8Array || before.to !== run.from + from) {
      parts.push({ source, from: run.from + from, to: run.from + to });
    } else parts[parts.length - 1] = { ...before, to: run.from + to };
  };
  let structs = 0;
  eachStructOf(piece, (bytes, struct, within) => {
    structs += 1;
    if (isAllOf(struct, within)) return inSource(struct.start, struct.end);
    const { head, from, to, tail } = cut(bytes, struct, within);
    parts.push(head);
    if (to > from) inSource(from, to);
    if (tail.byteLength > 0) parts.push(tail);
  });
  return { structs, parts };
}

/** Clocks of one client. */
interface Clocks {
  readonly clock: number;
  /** The one after the last. */
  readonly end: number;
}

const isAllOf = (struct: Struct, { clock, end }: Clocks): boolean =>
  clock === struct.clock && end === struct.clock + struct.length;

/** What a struct has between two of its clocks. */
function cut(bytes: Uint8Array, struct: Struct, { clock, end }: Clocks): Cut {
  const cutter = new StructCutter(bytes, struct);
  if (clock > struct.clock) cutter.take(clock);
  return cutter.take(end);
}

/**
 * Reads the structs that a piece has anything of, oldest first.
 * @param visit gets bytes in which a struct stands, where, and which of its clocks the piece has
 */
export function eachStructOf(
  { source, run, clock, end }: Piece,
  visit: (bytes: Uint8Array, struct: Struct, within: Clocks) => void,
): void {
  const bytes = joined([...source.read(run.from, run.to)]);
  const reader = new StructReader(bytes);
  reader.begin(run.client, run.clock);
  for (let left = run.structs; left > 0; left--) {
    reader.next();
    const structEnd = reader.clock + reader.length;
    if (structEnd <= clock) continue;
    if (reader.clock >= end) return;
    visit(bytes, reader, { clock: Math.max(clock, reader.clock), end: Math.min(end, structEnd) });
  }
}

/**
 * Visits parts of one struct, each as a struct of its own.
 * @param parts the first begins at `clock`, and each ends before one of `ends`
 */
export function eachPart(
  bytes: Uint8Array,
  struct: Struct,
  { clock, ends }: { clock: number; ends: readonly number[] },
  visit: (bytes: Uint8Array, struct: Struct) => void,
): void {
  const [firstEnd] = ends;
  if (ends.length === 1 && firstEnd !== undefined && isAllOf(struct, { clock, end: firstEnd })) {
    return visit(bytes, struct);
  }
  const cutter = new StructCutter(bytes, struct);
  if (clock > struct.clock) cutter.take(clock);
  let start = clock;
  for (const end of ends) {
    const { head, from, to, tail } = cutter.take(end);
    const part = joined([head, bytes.subarray(from, to), tail]);
    const reader = new StructReader(part);
    reader.begin(struct.client, start);
    reader.next();
    visit(part, reader);
    start = end;
  }
}

/** As unsigned integers of variable length. */
export function numbers(...values: readonly number[]): Uint8Array {
  return encoding.encode((encoder) => values.forEach((value) => encoding.writeVarUint(encoder, value)));
}

/** `deletions = varUint(clients) (varUint(client) varUint(ranges) (varUint(clock) varUint(length))*)*` */
export function encodeDeletions(deletions: Ranges): Uint8Array {
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
