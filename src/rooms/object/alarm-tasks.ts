import { QUIET_AFTER_MS } from '../limits/storage-limits.ts';
import type { Room } from './room.ts';
import { describeError } from '../../lib/log-text.ts';

/**
 * What a room does by itself, when its alarm has gone off: ends sockets whose credential has ended, makes a version,
 * compacts, reports. The report comes last: it tells what the others have changed, and a registry that takes its time delays
 * none of them. Making a version and compacting could take more memory than there is, and their beginning is stored first:
 * should they take the object with them, the platform rings again, and they wait. Never rejects: what failed is asked for again.
 */
export async function runAlarmTasks(room: Room): Promise<void> {
  room.edits.settle();
  const rungFor = room.alarm.takeFired();
  const now = Date.now();
  room.sockets.closeExpired(now);
  room.requestExpiryCheck(now);
  const madeVersion = await makeVersionIfDue(room);
  const compaction = await compactIfDue(room);
  const hasChanged = madeVersion || compaction.isDone;
  if (hasChanged || room.reports.isDue(rungFor, compaction.quietAt)) await room.reports.send();
}

/** @returns whether it made one */
async function makeVersionIfDue(room: Room): Promise<boolean> {
  const dueAt = room.keepsVersions ? room.versions.getAutomaticDueAt() : null;
  if (dueAt === null) return false;
  const now = Date.now();
  if (dueAt > now) {
    room.alarm.request(dueAt);
    return false;
  }
  try {
    await room.versions.recordAutomaticStart(now);
    // Others may have been here meanwhile.
    if (room.state.status !== 'live') return false;
    room.versions.createAutomatic(now);
    return true;
  } catch (error) {
    console.error({ event: 'version_creation_failed', doName: room.name, error: describeError(error) });
    room.alarm.request(room.versions.getAutomaticDueAt() ?? now);
    return false;
  }
}

/** Whether the room was compacted and, where it only waits until nobody edits it, when that will be, Unix milliseconds. */
interface Compaction {
  readonly isDone: boolean;
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
