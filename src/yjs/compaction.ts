import { ByteWriter } from './structs/byte-writer.ts';
import { ContentIndex } from './content-index.ts';
import { ContentChecksum } from './content-checksum.ts';
import { StructJoiner } from './structs/join-structs.ts';
import { type CheckedUpdate, type ClockRanges, visitStructs, readTrustedUpdate } from './read-update.ts';
import { subtractRanges, uniteRanges } from './snapshot.ts';
import { type Id, KIND, StructReader, type Struct } from './structs/struct-reader.ts';
import { areRangesCovered, getRangeEnd, findFirstEndingAfter } from './updates.ts';
import {
  createBytesSource,
  visitStructParts,
  visitPieceStructs,
  encodeDeleteRanges,
  encodeVarUints,
} from './structs/write-content.ts';

interface Options {
  /** Delete ranges, also of other updates, whose content is dropped, as Yjs does with `gc: true`; `null`: keeps all content. */
  readonly collected: ClockRanges | null;
}

/**
 * Merges updates into one with the same content, without building a `Y.Doc`. Joins neighbouring items of one client.
 * Updates whose dependencies are missing are kept like all others.
 * @returns `null` if the result is not smaller or not provably the same
 */
export function compact(updates: readonly CheckedUpdate[], { collected }: Options): CheckedUpdate | null {
  const index = new ContentIndex();
  for (const [number, update] of updates.entries())
    index.add(update, createBytesSource(update.bytes, number));
  const bytes = updates.reduce((sum, update) => sum + update.bytes.byteLength, 0);
  const written = new ContentChecksum();
  const compacted = writeCompacted(index, collected, { maxBytes: bytes, written });
  if (compacted === null || (compacted.byteLength === bytes && updates.length < 2)) return null;
  const checked = verify(compacted, updates, written);
  if (typeof checked !== 'string') return checked;
  // A bug in this module; the updates stay as they are.
  console.error({ event: 'compaction_refused', updates: updates.length, reason: checked });
  return null;
}

/**
 * @param written receives the checksum of all content that is kept
 * @returns `null` if the result is larger than `maxBytes`
 */
function writeCompacted(
  index: ContentIndex,
  collected: ClockRanges | null,
  { maxBytes, written }: { maxBytes: number; written: ContentChecksum },
): Uint8Array | null {
  const deleted = new DeletedRanges(collected ?? index.deleteRanges);
  const writer = new ByteWriter(maxBytes);
  writer.writeNumber(index.pieces.size);
  for (const [client, pieces] of [...index.pieces].toSorted(([one], [other]) => other - one)) {
    const joiner = new StructJoiner(writer);
    const headAt = writer.length;
    const start = pieces[0]?.clock ?? 0;
    let clock = start;
    for (const piece of pieces) {
      if (piece.clock > clock) joiner.addWhole(encodeVarUints(KIND.gap, piece.clock - clock));
      clock = piece.end;
      visitPieceStructs(piece, (bytes, struct, within) => {
        const ends = collected === null ? [within.end] : deleted.findBoundaries(struct, within);
        visitStructParts(bytes, struct, { clock: within.clock, ends }, (own, part) => {
          const isKept = collected === null || !deleted.lookUp(part).isDeleted;
          if (isKept) written.add(own, part);
          if (isKept || !hasContent(part)) joiner.add(own, part, deleted.covers(part));
          // Yjs replaces items in a deleted type by garbage structs (13.6, `ContentType.gc`).
          else if (part.parent !== null && deleted.lookUp(part.parent).isDeleted) joiner.addGarbage(part);
          else joiner.addEmptied(own, part);
        });
      });
    }
    writer.insert(headAt, encodeVarUints(joiner.finish(), client, start));
  }
  writer.write(encodeDeleteRanges(index.deleteRanges));
  return writer.finish();
}

const hasContent = ({ kind }: Struct): boolean => kind !== KIND.garbage && kind !== KIND.deleted;

/** Finds out which clocks are deleted. */
class DeletedRanges {
  readonly #ranges: ClockRanges;

  /** @param ranges sorted by clock, neighbours joined */
  constructor(ranges: ClockRanges) {
    this.#ranges = ranges;
  }

  /** Whether a clock is deleted, and before which clock that changes. */
  lookUp({ client, clock }: Id): { isDeleted: boolean; until: number } {
    const ranges = this.#ranges.get(client) ?? [];
    const next = ranges[findFirstEndingAfter(ranges, getRangeEnd, clock)];
    if (next === undefined) return { isDeleted: false, until: Infinity };
    const isDeleted = next.clock <= clock;
    return { isDeleted, until: isDeleted ? getRangeEnd(next) : next.clock };
  }

  /** Whether a struct is deleted as a whole; `null`: in part. */
  covers(struct: Struct): boolean | null {
    const { isDeleted, until } = this.lookUp(struct);
    return until >= struct.clock + struct.length ? isDeleted : null;
  }

  /** The clocks before which parts of a struct end, so that each part is deleted as a whole or not at all. */
  findBoundaries({ client }: Struct, { clock, end }: { clock: number; end: number }): number[] {
    const ends: number[] = [];
    for (let at = clock; at < end;) {
      at = Math.min(end, this.lookUp({ client, clock: at }).until);
      ends.push(at);
    }
    return ends;
  }
}

/**
 * Reads the compacted update and checks that it has every insert, every deletion and the content of the updates.
 * @returns the update, or the error
 */
function verify(
  bytes: Uint8Array,
  updates: readonly CheckedUpdate[],
  written: ContentChecksum,
): CheckedUpdate | string {
  let compacted: CheckedUpdate;
  const content = new ContentChecksum();
  try {
    compacted = readTrustedUpdate(bytes);
    visitStructs(new StructReader(bytes), (struct) => content.add(bytes, struct));
  } catch (error) {
    return `the compacted update cannot be read: ${String(error)}`;
  }
  const lost = subtractRanges(
    uniteRanges(updates.map(getInsertedRanges)),
    uniteRanges([getInsertedRanges(compacted)]),
  );
  if (lost.size > 0) return 'an insert is missing';
  if (!updates.every(({ deleteRanges }) => areRangesCovered(deleteRanges, compacted.deleteRanges)))
    return 'a deletion is missing';
  return content.equals(written) ? compacted : 'the content differs';
}

function getInsertedRanges({ structRanges }: CheckedUpdate): ClockRanges {
  const inserts = new Map<number, { clock: number; len: number }[]>();
  for (const { client, clock, end } of structRanges) {
    const ranges = inserts.get(client) ?? [];
    if (ranges.length === 0) inserts.set(client, ranges);
    ranges.push({ clock, len: end - clock });
  }
  return inserts;
}
