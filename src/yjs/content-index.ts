import type { CheckedUpdate, Ranges, Run } from './read-update.ts';
import { unite } from './snapshot.ts';
import { areKnown, firstEndingAfter } from './updates.ts';

/** Where a run's bytes are to be had. */
export interface Source {
  /** From 1, larger for what came later. */
  readonly number: number;
  /** The bytes from one position of the update to another, in one piece or several. */
  read(from: number, to: number): Iterable<Uint8Array>;
}

/** What counts of a run: all of it, or what is between two clocks where the rest had come before. */
export interface Piece {
  readonly source: Source;
  readonly run: Run;
  readonly clock: number;
  readonly end: number;
}

/** By client; sorted by clock, and no two overlap. */
export type Pieces = ReadonlyMap<number, readonly Piece[]>;

/** What of these lies before or after some clocks. */
export function clip(pieces: Pieces, side: 'before' | 'after', clocks: ReadonlyMap<number, number>): Pieces {
  const clipped = new Map<number, Piece[]>();
  for (const [client, ofClient] of pieces) {
    const at = clocks.get(client) ?? 0;
    const kept: Piece[] = [];
    for (const piece of side === 'after' ? ofClient.slice(indexAfter(ofClient, at)) : ofClient) {
      const clock = side === 'after' ? Math.max(piece.clock, at) : piece.clock;
      const end = side === 'before' ? Math.min(piece.end, at) : piece.end;
      if (clock === piece.clock && end === piece.end) kept.push(piece);
      else if (clock < end) kept.push({ ...piece, clock, end });
    }
    if (kept.length > 0) clipped.set(client, kept);
  }
  return clipped;
}

/** Deletions are united anew when there are so many times as many entries as there were: so each is united a few times. */
const UNITE_AT_GROWTH = 1.25;

/**
 * What some updates say together, and where each part of it stands in them: inserts by client and clock, deletions by
 * range. It holds none of their content, so it is small beside them. Of what came twice, the first counts, as in a
 * `Y.Doc`. What waits for its dependencies is in it like all other content.
 */
export class ContentIndex {
  readonly #pieces = new Map<number, Piece[]>();
  /** As they came, with the number of the update that they came with. */
  readonly #deletions: { readonly number: number; readonly ranges: Ranges }[] = [];
  /** Those of the first so many of these, in order. */
  #united: { readonly from: number; readonly entries: number; readonly ranges: Ranges } = {
    from: 0,
    entries: 0,
    ranges: new Map(),
  };
  #stateVector: ReadonlyMap<number, number> | null = null;
  #entries = 0;

  add({ runs, deletions, entries }: CheckedUpdate, source: Source): void {
    this.#entries += entries;
    for (const run of runs) this.#addRun(run, source);
    if (deletions.size > 0) this.#deletions.push({ number: source.number, ranges: deletions });
    this.#stateVector = null;
  }

  get pieces(): Pieces {
    return this.#pieces;
  }

  /** Sorted by clock, neighbours joined. */
  get deletions(): Ranges {
    const { from, ranges } = this.#united;
    if (from < this.#deletions.length) {
      const news = this.#deletions.slice(from).map((deletions) => deletions.ranges);
      this.#united = {
        from: this.#deletions.length,
        entries: this.#entries,
        ranges: unite([ranges, ...news]),
      };
    }
    return this.#united.ranges;
  }

  /**
   * Whether each of some deletions is here, as far as that is known without uniting them all for each edit: of those that
   * came lately it may be wrong, and say that they are not.
   */
  hasDeletions(deletions: Ranges): boolean {
    const isFarBehind = this.#entries >= UNITE_AT_GROWTH * this.#united.entries;
    return areKnown(deletions, isFarBehind ? this.deletions : this.#united.ranges);
  }

  /** Those that came with the updates after one number and through another. Sorted by clock, neighbours joined. */
  deletionsAfter(after: number, through: number): Ranges {
    if (after === 0 && through === Infinity) return this.deletions;
    const meant = this.#deletions.filter(({ number }) => number > after && number <= through);
    return unite(meant.map(({ ranges }) => ranges));
  }

  /** How far each client has come without a gap. */
  get stateVector(): ReadonlyMap<number, number> {
    return (this.#stateVector ??= this.#readStateVector());
  }

  /** What of an update is not here yet; `null`: all of it. */
  newsOf({ runs }: CheckedUpdate, source: Source): Pieces | null {
    const news = new ContentIndex();
    let isAll = true;
    for (const run of runs) {
      const lacking = this.#lackingOf(run);
      isAll &&= lacking.length === 1 && lacking[0]?.clock === run.clock && lacking[0].end === run.end;
      for (const part of lacking) news.#addPiece({ source, run, ...part });
    }
    return isAll ? null : news.pieces;
  }

  /** What of a run is not here yet. */
  #lackingOf({ client, clock, end }: Run): { clock: number; end: number }[] {
    const pieces = this.#pieces.get(client) ?? [];
    const lacking: { clock: number; end: number }[] = [];
    let from = clock;
    for (let at = indexAfter(pieces, clock); from < end; at++) {
      const next = pieces[at];
      const until = Math.min(end, next?.clock ?? end);
      if (until > from) lacking.push({ clock: from, end: until });
      from = next?.end ?? end;
    }
    return lacking;
  }

  #addRun(run: Run, source: Source): void {
    for (const part of this.#lackingOf(run)) this.#addPiece({ source, run, ...part });
  }

  /** One of which nothing is here yet. */
  #addPiece(piece: Piece): void {
    const { client } = piece.run;
    const pieces = this.#pieces.get(client) ?? [];
    if (pieces.length === 0) this.#pieces.set(client, pieces);
    // Most often it is what its client wrote next, and goes to the end.
    pieces.splice(indexAfter(pieces, piece.clock), 0, piece);
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

/** The index of the first of the sorted pieces that ends after this clock. Most often it is what comes after the last. */
function indexAfter(pieces: readonly Piece[], clock: number): number {
  if ((pieces.at(-1)?.end ?? 0) <= clock) return pieces.length;
  return firstEndingAfter(pieces, ({ end }) => end, clock);
}
