import { QUIET_AFTER_MS, REPORT_AFTER_CLOSE_MS } from './limits.ts';
import type { Room } from './room.ts';

/**
 * What a room does by itself, when its alarm has gone off: ends sockets whose credential has ended, reports, makes a
 * version, compacts. Compaction comes last, because it alone can take more than there is: whatever happens to it, the
 * rest was done. Never rejects: what failed is asked for again.
 */
export async function doDuties(room: Room): Promise<void> {
  room.alarm.fired();
  const now = Date.now();
  room.sockets.closeExpired(now);
  await room.report();
  room.watchExpiry(now);
  makeVersionIfDue(room);
  await compactIfDue(room);
}

function makeVersionIfDue(room: Room): void {
  const dueAt = room.keepsVersions ? room.versions.automaticDueAt() : null;
  if (dueAt === null) return;
  const now = Date.now();
  if (dueAt > now) return room.alarm.request(dueAt);
  try {
    room.versions.createAutomatic(now);
    room.alarm.request(now + REPORT_AFTER_CLOSE_MS);
  } catch (error) {
    console.error({ event: 'no version made', doName: room.name, error: String(error) });
  }
}

async function compactIfDue(room: Room): Promise<void> {
  const due = room.state.compactionDue();
  if (due === 'no') return;
  const quietAt = room.state.lastEditAt + QUIET_AFTER_MS;
  if (due === 'when quiet' && quietAt > Date.now()) return room.alarm.request(quietAt);
  try {
    await room.state.announceCompaction();
    // The size is another one now, and the registry should hear of it.
    if (room.state.compact()) room.alarm.request(Date.now() + REPORT_AFTER_CLOSE_MS);
  } catch (error) {
    console.error({ event: 'compaction failed', doName: room.name, error: String(error) });
  }
}
