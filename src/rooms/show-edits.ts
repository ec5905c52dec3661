import { compact } from './compaction.ts';
import type { Edit } from './edit-group.ts';
import { writeUpdate } from './protocol.ts';
import type { CheckedUpdate } from './read-update.ts';
import type { Sockets } from './sockets.ts';

/** One update that says the same as all of these, where there is one; else these. */
export function asOne(updates: readonly CheckedUpdate[]): readonly CheckedUpdate[] {
  if (updates.length < 2) return updates;
  const one = compact(updates, { collected: null });
  return one === null ? updates : [one];
}

/**
 * Sends edits to everyone who did not make any of them, and to those who did each other's: nobody is sent his own.
 * @param stored what all the edits together were stored as
 */
export function showEdits(sockets: Sockets, edits: readonly Edit[], stored: readonly CheckedUpdate[]): void {
  // Whoever has gone meanwhile is sent nothing, and counts for nobody.
  const makers = new Set(edits.map(({ from }) => from).filter((from) => sockets.has(from)));
  // Nothing is copied for nobody.
  if (sockets.size > makers.size) {
    for (const { bytes } of stored) sockets.broadcast(writeUpdate(bytes), makers);
  }
  for (const maker of makers) {
    const others = edits.flatMap(({ from, update }) => (from === maker ? [] : update));
    for (const { bytes } of asOne(others)) sockets.send(maker, writeUpdate(bytes));
  }
}
