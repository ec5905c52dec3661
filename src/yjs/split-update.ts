import { concatBytes } from './byte-chunks.ts';
import { compact } from './compaction.ts';
import { type CheckedUpdate, type ClockRanges, visitStructs, readTrustedUpdate } from './read-update.ts';
import { StructReader } from './structs/struct-reader.ts';
import { encodeDeleteRanges } from './structs/write-content.ts';

/** An empty list of structs or of delete ranges. */
const NO_CLIENTS = new Uint8Array([0]);

/** An update with the delete ranges of this one; `null` if it has none. */
export function extractDeleteRanges({ deleteRanges }: CheckedUpdate): CheckedUpdate | null {
  return deleteRanges.size === 0
    ? null
    : readTrustedUpdate(concatBytes([NO_CLIENTS, encodeDeleteRanges(deleteRanges)]));
}

/**
 * An update with the structs of this one.
 * @param collected delete ranges whose content is dropped, as by compaction; `null`: all content stays
 */
export function extractStructs(update: CheckedUpdate, collected: ClockRanges | null): CheckedUpdate {
  const reader = new StructReader(update.bytes);
  visitStructs(reader, () => {});
  const inserts = readTrustedUpdate(concatBytes([update.bytes.subarray(0, reader.decoder.pos), NO_CLIENTS]));
  return collected === null ? inserts : (compact([inserts], { collected }) ?? inserts);
}
