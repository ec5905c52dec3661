import { QUIET_AFTER_MS } from '../limits/storage-limits.ts';
import type { Room } from './room.ts';
import { describeError } from '../../lib/log-text.ts';

/**
 * The tasks of a room's alarm: close sockets with expired credentials, create an automatic version, compact, report. The
 * report is last because it covers the others' changes and may be slow. A version and a compaction store that they begin: if
 * they run out of memory, the platform repeats the alarm, and they wait. Never rejects: a failed task is requested again.
 */
export async function runAlarmTasks(room: Room): Promise<void> {
  room.edits.settle();
  const scheduledFor = room.alarm.takeFired();
  const now = Date.now();
  room.sockets.closeExpired(now);
  room.requestExpiryCheck(now);
  const hasNewVersion = await createVersionIfDue(room);
  const compaction = await compactIfDue(room);
  const hasChanged = hasNewVersion || compaction.isDone;
  if (hasChanged || room.reports.isDue(scheduledFor, compaction.quietAt)) await room.reports.send();
}

/** @returns whether a version was created */
async function createVersionIfDue(room: Room): Promise<boolean> {
  const dueAt = room.keepsVersions ? room.versions.getAutomaticDueAt() : null;
  if (dueAt === null) return false;
  const now = Date.now();
  if (dueAt > now) {
    room.alarm.request(dueAt);
    return false;
  }
  try {
    await room.versions.recordAutomaticStart(now);
    // The room may have been deleted meanwhile.
    if (room.state.status !== 'live') return false;
    room.versions.createAutomatic(now);
    return true;
  } catch (error) {
    console.error({ event: 'version_creation_failed', doName: room.name, error: describeError(error) });
    room.alarm.request(room.versions.getAutomaticDueAt() ?? now);
    return false;
  }
}

interface Compaction {
  readonly isDone: boolean;
  /** The time of a compaction that waits for a quiet room, Unix milliseconds; `null`: none. */
  readonly quietAt: number | null;
}

async function compactIfDue(room: Room): Promise<Compaction> {
  const { state } = room;
  const nothing: Compaction = { isDone: false, quietAt: null };
  const quietAt = room.state.getQuietCompactionAt();
  if (quietAt !== null && quietAt > Date.now()) {
    room.alarm.requestWhenQuiet(quietAt);
    return { isDone: false, quietAt };
  }
  if (state.getCompactionUrgency() === 'no') return nothing;
  if (state.content.isBeingRead(Date.now())) {
    room.alarm.request(Date.now() + QUIET_AFTER_MS);
    return nothing;
  }
  try {
    await state.recordCompactionStart();
    return { isDone: state.compact(), quietAt: null };
  } catch (error) {
    console.error({ event: 'compaction_failed', doName: room.name, error: describeError(error) });
    return nothing;
  }
}
