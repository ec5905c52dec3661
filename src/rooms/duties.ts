import { QUIET_AFTER_MS, REPORT_AFTER_CLOSE_MS } from './limits.ts';
import type { Room } from './room.ts';

/**
 * What a room does by itself, when its alarm has gone off: ends sockets whose credential has ended, reports, makes a
 * version, compacts. The registry's answer is awaited last: one that takes its time delays nothing else. Making a version
 * and compacting could take more memory than there is, and their beginning is stored first: should they take the object
 * with them, the platform rings again, and they wait. Never rejects: what failed is asked for again.
 */
export async function doDuties(room: Room): Promise<void> {
  room.alarm.fired();
  const now = Date.now();
  room.sockets.closeExpired(now);
  room.watchExpiry(now);
  const reported = room.report();
  await makeVersionIfDue(room);
  await compactIfDue(room);
  await reported;
}

async function makeVersionIfDue(room: Room): Promise<void> {
  const dueAt = room.keepsVersions ? room.versions.automaticDueAt() : null;
  if (dueAt === null) return;
  const now = Date.now();
  if (dueAt > now) return room.alarm.request(dueAt);
  try {
    await room.versions.announceAutomatic(now);
    // Others may have been here meanwhile.
    if (room.state.life !== 'live') return;
    room.versions.createAutomatic(now);
    room.alarm.request(now + REPORT_AFTER_CLOSE_MS);
  } catch (error) {
    console.error({ event: 'no version made', doName: room.name, error: String(error) });
    room.alarm.request(room.versions.automaticDueAt() ?? now);
  }
}

async function compactIfDue(room: Room): Promise<void> {
  const due = room.state.compactionDue();
  if (due === 'no') return;
  const quietAt = room.state.lastEditAt + QUIET_AFTER_MS;
  if (due === 'when quiet' && quietAt > Date.now()) return room.alarm.request(quietAt);
  if (room.state.content.isBeingRead(Date.now())) return room.alarm.request(Date.now() + QUIET_AFTER_MS);
  try {
    await room.state.announceCompaction();
    // The size is another one now, and the registry should hear of it.
    if (room.state.compact()) room.alarm.request(Date.now() + REPORT_AFTER_CLOSE_MS);
  } catch (error) {
    console.error({ event: 'compaction failed', doName: room.name, error: String(error) });
  }
}
