import { compact } from '../../yjs/compaction.ts';
import type { Edit } from './edit-group.ts';
import { writeUpdate } from './protocol.ts';
import type { CheckedUpdate } from '../../yjs/read-update.ts';
import type { Sockets } from './sockets.ts';

/** One update that says the same as all of these, where there is one; else these. */
export function asOne(updates: readonly CheckedUpdate[]): readonly CheckedUpdate[] {
  if (updates.length < 2) return updates;
  const one = compact(updates, { collected: null });
  return one === null ? updates : [one];
}

/**
 * Sends edits to all sockets that sent none of them, and to the senders each other's edits: no socket is sent its own.
 * @param stored what all the edits together were stored as
 * @param after the newest number of the log before them
 */
export function showEdits(
  sockets: Sockets,
  edits: readonly Edit[],
  stored: readonly CheckedUpdate[],
  after: number,
): void {
  // A socket that is closed by now is sent nothing, and counts for nothing.
  const senders = new Set(edits.flatMap(({ from }) => (from !== null && sockets.has(from) ? from : [])));
  // Nothing is copied for no socket.
  if (sockets.size > senders.size) {
    for (const { bytes } of stored) sockets.broadcastEdit(writeUpdate(bytes), senders, after);
  }
  for (const sender of senders) {
    const others = edits.flatMap(({ from, update }) => (from === sender ? [] : update));
    for (const { bytes } of asOne(others)) sockets.outbox.sendEdit(sender, writeUpdate(bytes), after);
  }
}
