import type { CheckedUpdate, ClockRanges, StructRange } from './read-update.ts';
import { uniteRanges } from './snapshot.ts';
import { areRangesCovered, findFirstEndingAfter } from './updates.ts';

/** Reads the bytes of one update. */
export interface UpdateSource {
  /** The update's position in the log, from 1. */
  readonly number: number;
  /** The bytes from one position of the update to another, in one or more chunks. */
  read(from: number, to: number): Iterable<Uint8Array>;
}

/** The part of a struct range that is not in an earlier update. Clocks from `clock` until before `end`. */
export interface Piece {
  readonly source: UpdateSource;
  readonly range: StructRange;
  readonly clock: number;
  readonly end: number;
}

/** By client, sorted by clock, without overlaps. */
export type Pieces = ReadonlyMap<number, readonly Piece[]>;

/** The parts of pieces before or after these clocks, by client. */
export function clipPieces(
  pieces: Pieces,
  side: 'before' | 'after',
  clocks: ReadonlyMap<number, number>,
): Pieces {
  const clipped = new Map<number, Piece[]>();
  for (const [client, ofClient] of pieces) {
    const at = clocks.get(client) ?? 0;
    const kept: Piece[] = [];
    for (const piece of side === 'after' ? ofClient.slice(findIndexAfter(ofClient, at)) : ofClient) {
      const clock = side === 'after' ? Math.max(piece.clock, at) : piece.clock;
      const end = side === 'before' ? Math.min(piece.end, at) : piece.end;
      if (clock === piece.clock && end === piece.end) kept.push(piece);
      else if (clock < end) kept.push({ ...piece, clock, end });
    }
    if (kept.length > 0) clipped.set(client, kept);
  }
  return clipped;
}

/** Delete ranges are united again after the index has grown by this factor, so the work stays linear in their number. */
const UNITE_AT_GROWTH = 1.25;

/**
 * An index of updates: for each client and clock, the update and position of its struct; and all delete ranges. It holds no
 * content. If two updates have the same clock, the first counts, as in a `Y.Doc`. Structs whose dependencies are missing
 * are indexed like all others.
 */
export class ContentIndex {
  readonly #pieces = new Map<number, Piece[]>();
  /** In the order of the updates. `number` is the update's. */
  readonly #deletions: { readonly number: number; readonly ranges: ClockRanges }[] = [];
  /** The union of the first `from` of these, when the index had `rangeCount` ranges. */
  #united: { readonly from: number; readonly rangeCount: number; readonly ranges: ClockRanges } = {
    from: 0,
    rangeCount: 0,
    ranges: new Map(),
  };
  #stateVector: ReadonlyMap<number, number> | null = null;
  #rangeCount = 0;

  add({ structRanges, deleteRanges, rangeCount }: CheckedUpdate, source: UpdateSource): void {
    this.#rangeCount += rangeCount;
    for (const range of structRanges) this.#addStructRange(range, source);
    if (deleteRanges.size > 0) this.#deletions.push({ number: source.number, ranges: deleteRanges });
    this.#stateVector = null;
  }

  get pieces(): Pieces {
    return this.#pieces;
  }

  /** Sorted by clock, neighbours joined. */
  get deleteRanges(): ClockRanges {
    const { from, ranges } = this.#united;
    if (from < this.#deletions.length) {
      const added = this.#deletions.slice(from).map(({ ranges: addedRanges }) => addedRanges);
      this.#united = {
        from: this.#deletions.length,
        rangeCount: this.#rangeCount,
        ranges: uniteRanges([ranges, ...added]),
      };
    }
    return this.#united.ranges;
  }

  /**
   * Whether these delete ranges are indexed. May answer `false` for ranges that were added recently: they are not united
   * for each edit.
   */
  hasDeleteRanges(deletions: ClockRanges): boolean {
    const isFarBehind = this.#rangeCount >= UNITE_AT_GROWTH * this.#united.rangeCount;
    return areRangesCovered(deletions, isFarBehind ? this.deleteRanges : this.#united.ranges);
  }

  /** The delete ranges of the updates after one number and through another. Sorted by clock, neighbours joined. */
  getDeleteRanges(after: number, through: number): ClockRanges {
    if (after === 0 && through === Infinity) return this.deleteRanges;
    const selected = this.#deletions.filter(({ number }) => number > after && number <= through);
    return uniteRanges(selected.map(({ ranges }) => ranges));
  }

  /** By client, the clock of its first gap. */
  get stateVector(): ReadonlyMap<number, number> {
    return (this.#stateVector ??= this.#readStateVector());
  }

  /** The parts of an update that are not indexed yet; `null`: all of it. */
  findNewPieces({ structRanges }: CheckedUpdate, source: UpdateSource): Pieces | null {
    const found = new ContentIndex();
    let isAll = true;
    for (const range of structRanges) {
      const missing = this.#findMissing(range);
      isAll &&= missing.length === 1 && missing[0]?.clock === range.clock && missing[0].end === range.end;
      for (const part of missing) found.#addPiece({ source, range, ...part });
    }
    return isAll ? null : found.pieces;
  }

  /** The parts of a struct range that are not indexed yet. */
  #findMissing({ client, clock, end }: StructRange): { clock: number; end: number }[] {
    const pieces = this.#pieces.get(client) ?? [];
    const missing: { clock: number; end: number }[] = [];
    let from = clock;
    for (let at = findIndexAfter(pieces, clock); from < end; at++) {
      const next = pieces[at];
      const until = Math.min(end, next?.clock ?? end);
      if (until > from) missing.push({ clock: from, end: until });
      from = next?.end ?? end;
    }
    return missing;
  }

  #addStructRange(range: StructRange, source: UpdateSource): void {
    for (const part of this.#findMissing(range)) this.#addPiece({ source, range, ...part });
  }

  /** Adds a piece that overlaps no other. */
  #addPiece(piece: Piece): void {
    const { client } = piece.range;
    const pieces = this.#pieces.get(client) ?? [];
    if (pieces.length === 0) this.#pieces.set(client, pieces);
    // Usually the piece is its client's newest and goes to the end.
    pieces.splice(findIndexAfter(pieces, piece.clock), 0, piece);
  }

  #readStateVector(): ReadonlyMap<number, number> {
    const stateVector = new Map<number, number>();
    for (const [client, pieces] of this.#pieces) {
      let end = 0;
      for (const piece of pieces) {
        if (piece.clock !== end) break;
        ({ end } = piece);
      }
      if (end > 0) stateVector.set(client, end);
    }
    return stateVector;
  }
}

/** The index of the first of the sorted pieces that ends after this clock. Checks the end first, which is the usual case. */
function findIndexAfter(pieces: readonly Piece[], clock: number): number {
  if ((pieces.at(-1)?.end ?? 0) <= clock) return pieces.length;
  return findFirstEndingAfter(pieces, ({ end }) => end, clock);
}
