import { compact } from '../../yjs/compaction.ts';
import type { Edit } from './edit-batch.ts';
import { writeUpdate } from './protocol.ts';
import type { CheckedUpdate } from '../../yjs/read-update.ts';
import type { Sockets } from './sockets.ts';

/** Merges updates into one if possible; otherwise returns them unchanged. */
export function mergeUpdates(updates: readonly CheckedUpdate[]): readonly CheckedUpdate[] {
  if (updates.length < 2) return updates;
  const one = compact(updates, { collected: null });
  return one === null ? updates : [one];
}

/**
 * Sends edits to every socket but its sender. Other sockets get all edits in one frame; a sender gets the edits of the others.
 * @param stored the updates as which the edits were stored
 * @param after the newest number of the log before these edits
 */
export function relayEdits(
  sockets: Sockets,
  edits: readonly Edit[],
  stored: readonly CheckedUpdate[],
  after: number,
): void {
  // Sockets that were closed in the meantime are left out.
  const senders = new Set(edits.flatMap(({ from }) => (from !== null && sockets.has(from) ? from : [])));
  // The frame is a copy of the update, so it is created only for a socket.
  if (sockets.size > senders.size) {
    for (const { bytes } of stored) sockets.broadcastEdit(writeUpdate(bytes), senders, after);
  }
  for (const sender of senders) {
    const others = edits.flatMap(({ from, update }) => (from === sender ? [] : update));
    for (const { bytes } of mergeUpdates(others)) sockets.outbox.sendEdit(sender, writeUpdate(bytes), after);
  }
}
