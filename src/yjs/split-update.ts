import { joined } from './cells.ts';
import { compact } from './compaction.ts';
import { type CheckedUpdate, type Ranges, eachStruct, readOwnUpdate } from './read-update.ts';
import { StructReader } from './structs/struct-reader.ts';
import { encodeDeletions } from './structs/write-content.ts';

/** No clients: of structs, or of deletions. */
const NO_CLIENTS = new Uint8Array([0]);

/** What an update deletes, as an update of its own; `null` where it deletes nothing. */
export function deletionsOf({ deletions }: CheckedUpdate): CheckedUpdate | null {
  return deletions.size === 0 ? null : readOwnUpdate(joined([NO_CLIENTS, encodeDeletions(deletions)]));
}

/**
 * What an update inserts, as an update of its own.
 * @param collected deletions whose content is left out, as a compaction would drop it; `null`: all stays
 */
export function insertsOf(update: CheckedUpdate, collected: Ranges | null): CheckedUpdate {
  const reader = new StructReader(update.bytes);
  eachStruct(reader, () => {});
  const inserts = readOwnUpdate(joined([update.bytes.subarray(0, reader.decoder.pos), NO_CLIENTS]));
  return collected === null ? inserts : (compact([inserts], { collected }) ?? inserts);
}
