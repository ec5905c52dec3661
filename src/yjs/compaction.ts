import { ByteWriter } from './structs/byte-writer.ts';
import { ContentIndex } from './content-index.ts';
import { ContentSum } from './content-sum.ts';
import { StructJoiner } from './structs/join-structs.ts';
import { type CheckedUpdate, type Ranges, eachStruct, readOwnUpdate } from './read-update.ts';
import { subtract, unite } from './snapshot.ts';
import { type Id, KIND, StructReader, type Struct } from './structs/struct-reader.ts';
import { areKnown, endOf, firstEndingAfter } from './updates.ts';
import { bytesSource, eachPart, eachStructOf, encodeDeletions, numbers } from './structs/write-content.ts';

interface Options {
  /**
   * Drops the content of what is deleted, as Yjs does with `gc: true`: these are the deletions that are known, those of
   * other updates too. `null`: keeps it.
   */
  readonly collected: Ranges | null;
}

/**
 * One update that says the same as all of these, or `null` where that would not be smaller or cannot be proven the same.
 * Joins neighbouring keystrokes into one item, and takes no more memory than the updates and what it makes of them: no
 * document is built. Updates that wait for their dependencies are kept like all others.
 */
export function compact(updates: readonly CheckedUpdate[], { collected }: Options): CheckedUpdate | null {
  const index = new ContentIndex();
  for (const [number, update] of updates.entries()) index.add(update, bytesSource(update.bytes, number));
  const bytes = updates.reduce((sum, update) => sum + update.bytes.byteLength, 0);
  const written = new ContentSum();
  const compacted = write(index, collected, { maxBytes: bytes, written });
  if (compacted === null || (compacted.byteLength === bytes && updates.length < 2)) return null;
  const checked = check(compacted, updates, written);
  if (typeof checked !== 'string') return checked;
  // A fault of this code.
  console.error({ event: 'compaction_refused', updates: updates.length, reason: checked });
  return null;
}

/**
 * @param written takes note of all content that must be there
 * @returns `null` where it would take more than `maxBytes`
 */
function write(
  index: ContentIndex,
  collected: Ranges | null,
  { maxBytes, written }: { maxBytes: number; written: ContentSum },
): Uint8Array | null {
  const deleted = new Deleted(collected ?? index.deletions);
  const writer = new ByteWriter(maxBytes);
  writer.writeNumber(index.pieces.size);
  for (const [client, pieces] of [...index.pieces].toSorted(([one], [other]) => other - one)) {
    const joiner = new StructJoiner(writer);
    const headAt = writer.length;
    const start = pieces[0]?.clock ?? 0;
    let clock = start;
    for (const piece of pieces) {
      if (piece.clock > clock) joiner.addWhole(numbers(KIND.gap, piece.clock - clock));
      clock = piece.end;
      eachStructOf(piece, (bytes, struct, within) => {
        const ends = collected === null ? [within.end] : deleted.endsWithin(struct, within);
        eachPart(bytes, struct, { clock: within.clock, ends }, (own, part) => {
          const isKept = collected === null || !deleted.at(part).isDeleted;
          if (isKept) written.add(own, part);
          if (isKept || !hasContent(part)) joiner.add(own, part, deleted.covers(part));
          // Yjs leaves nothing of what is in a deleted type (13.6, `ContentType.gc`).
          else if (part.parent !== null && deleted.at(part.parent).isDeleted) joiner.addGarbage(part);
          else joiner.addEmptied(own, part);
        });
      });
    }
    writer.insert(headAt, numbers(joiner.finish(), client, start));
  }
  writer.write(encodeDeletions(index.deletions));
  return writer.finish();
}

const hasContent = ({ kind }: Struct): boolean => kind !== KIND.garbage && kind !== KIND.deleted;

/** Which clocks are deleted. */
class Deleted {
  readonly #ranges: Ranges;

  /** @param ranges sorted by clock, neighbours joined */
  constructor(ranges: Ranges) {
    this.#ranges = ranges;
  }

  /** Whether a clock is deleted, and up to which other clock that holds. */
  at({ client, clock }: Id): { isDeleted: boolean; until: number } {
    const ranges = this.#ranges.get(client) ?? [];
    const next = ranges[firstEndingAfter(ranges, endOf, clock)];
    if (next === undefined) return { isDeleted: false, until: Infinity };
    const isDeleted = next.clock <= clock;
    return { isDeleted, until: isDeleted ? endOf(next) : next.clock };
  }

  /** Whether all of a struct is deleted; `null`: a part of it. */
  covers(struct: Struct): boolean | null {
    const { isDeleted, until } = this.at(struct);
    return until >= struct.clock + struct.length ? isDeleted : null;
  }

  /** Where a part of a struct should end, because what follows is deleted and it is not, or the other way round. */
  endsWithin({ client }: Struct, { clock, end }: { clock: number; end: number }): number[] {
    const ends: number[] = [];
    for (let at = clock; at < end;) {
      at = Math.min(end, this.at({ client, clock: at }).until);
      ends.push(at);
    }
    return ends;
  }
}

/**
 * Reads what was written, and looks for every insert and every deletion of the updates, and for the content.
 * @returns the update, or what is wrong with it
 */
function check(
  bytes: Uint8Array,
  updates: readonly CheckedUpdate[],
  written: ContentSum,
): CheckedUpdate | string {
  let compacted: CheckedUpdate;
  const content = new ContentSum();
  try {
    compacted = readOwnUpdate(bytes);
    eachStruct(new StructReader(bytes), (struct) => content.add(bytes, struct));
  } catch (error) {
    return `it cannot be read: ${String(error)}`;
  }
  const lost = subtract(unite(updates.map(insertsOf)), unite([insertsOf(compacted)]));
  if (lost.size > 0) return 'an insert is missing';
  if (!updates.every(({ deletions }) => areKnown(deletions, compacted.deletions)))
    return 'a deletion is missing';
  return content.equals(written) ? compacted : 'the content is not the same';
}

function insertsOf({ runs }: CheckedUpdate): Ranges {
  const inserts = new Map<number, { clock: number; len: number }[]>();
  for (const { client, clock, end } of runs) {
    const ranges = inserts.get(client) ?? [];
    if (ranges.length === 0) inserts.set(client, ranges);
    ranges.push({ clock, len: end - clock });
  }
  return inserts;
}
