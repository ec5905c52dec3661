import type { ErasureOrder } from '../domain/erasure-request.ts';
import { inParallel } from '../lib/in-parallel.ts';
import { redactSecrets } from '../lib/log-text.ts';
import { within } from '../lib/within.ts';
import type { ErasurePorts, RoomToErase, StepName } from './contract.ts';
import { MAX_FAILURES_IN_STEP, MAX_DETAIL_CHARACTERS, getRetryDelay } from './limits.ts';
import type { WorkList } from './work-list.ts';

/** Limits of one run. The next run continues. */
export interface RunBounds {
  readonly rooms: number;
  readonly roomsPerPage: number;
  readonly maxConcurrentRooms: number;
  /** No further room is started after this time. */
  readonly durationMs: number;
  readonly roomTimeoutMs: number;
  readonly maxTriesOfBrokenRoom: number;
}

const MAX_STEPS_PER_WRITE = 100;

/**
 * Continues an erasure: sockets, rooms, the account, the audit trail. Stores its progress in the list, so it can be interrupted
 * anywhere. A failing room does not block others. Never rejects.
 * @returns when to continue, Unix milliseconds; `'finished'` if nothing is left
 */
export async function runErasure(
  order: ErasureOrder,
  ports: ErasurePorts,
  list: WorkList,
  bounds: RunBounds,
): Promise<number | 'finished'> {
  const deadline = Date.now() + bounds.durationMs;
  let what: StepName = 'end sockets';
  try {
    if (list.progress.stage === 'sockets') await endSockets();
    what = 'erase rooms';
    if (list.progress.stage === 'rooms') await eraseRooms();
    what = 'remove account';
    if (list.progress.stage === 'account') await removeAccount();
    list.move({ failedRuns: 0 });
  } catch (error) {
    const { failedRuns, failures } = list.progress;
    list.move(
      { failedRuns: failedRuns + 1, failures: failures + 1 },
      { at: Date.now(), what, result: 'failed', count: 0, detail: describeFailures([text(error)]) },
    );
  }
  const isReported = await report();
  const { stage, failedRuns } = list.progress;
  if (stage === 'told' && isReported) return 'finished';
  if (failedRuns > 0) return Date.now() + getRetryDelay(failedRuns);
  if (stage === 'told') return Date.now() + getRetryDelay(1);
  return stage === 'rooms' ? Math.max(Date.now(), list.nextDueAt() ?? 0) : Date.now();

  async function endSockets(): Promise<void> {
    const { sockets, failures, more } = await ports.endSockets(order.userId);
    const { progress } = list;
    // Erasing a room also closes its sockets, so rooms that cannot be notified now do not block the next stage.
    list.move(
      {
        stage: more && failures.length === 0 ? 'sockets' : 'rooms',
        sockets: progress.sockets + sockets,
        failures: progress.failures + failures.length,
      },
      {
        at: Date.now(),
        what: 'end sockets',
        result: failures.length === 0 ? 'done' : 'failed',
        count: sockets,
        detail: failures.length === 0 ? null : describeFailures(failures),
      },
    );
  }

  async function eraseRooms(): Promise<void> {
    const failures: string[] = [];
    let left = bounds.rooms;
    let erased = 0;
    try {
      while (left > 0 && Date.now() < deadline) {
        const due = list.getDueRooms(Date.now(), Math.min(left, bounds.roomsPerPage));
        if (due.length > 0) {
          left -= due.length;
          // oxlint-disable-next-line no-await-in-loop -- a page after the other
          await inParallel(due, bounds.maxConcurrentRooms, eraseRoom);
        } else if (list.progress.listedThrough === null) {
          break;
        } else {
          // oxlint-disable-next-line no-await-in-loop
          await listPage(list.progress.listedThrough);
        }
      }
    } finally {
      if (erased > 0) {
        list.move({}, { at: Date.now(), what, result: 'done', count: erased, detail: null });
      }
      if (failures.length > 0) {
        const count = failures.length;
        list.move({}, { at: Date.now(), what, result: 'failed', count, detail: describeFailures(failures) });
      }
    }
    if (list.progress.listedThrough === null && list.nextDueAt() === null) list.move({ stage: 'account' });

    async function eraseRoom(room: RoomToErase): Promise<void> {
      try {
        await within(bounds.roomTimeoutMs, ports.eraseRoom(order.userId, room));
        list.remove(room);
        erased += 1;
      } catch (error) {
        const tries = list.postpone(room, Date.now());
        failures.push(`${room.doName}: ${text(error)}`);
        if (tries >= bounds.maxTriesOfBrokenRoom && ports.isRoomFailure(error)) await giveUp(room, tries);
      }
    }

    async function giveUp(room: RoomToErase, tries: number): Promise<void> {
      await ports.forgetRoom(room);
      const detail = describeFailures([`given up after ${tries} tries, delete by hand: ${room.doName}`]);
      list.drop(room, { at: Date.now(), what, result: 'failed', count: 1, detail });
    }
  }

  async function listPage(after: string): Promise<void> {
    const limit = bounds.roomsPerPage;
    const goneSince = list.progress.listsGone ? order.requestedAt : null;
    const page = await ports.readRooms({ userId: order.userId, goneSince, after, limit });
    list.add(page, page.length < limit, Date.now());
  }

  async function removeAccount(): Promise<void> {
    // Removing the account finishes the erasure, so the trail must be complete before.
    await writeTrail();
    // A JWT that was still valid may have created rooms after the listing.
    if ((await ports.removeAccount(order)) === 'has rooms') {
      return list.move({ stage: 'rooms', listedThrough: '' });
    }
    list.move(
      { stage: 'told' },
      { at: Date.now(), what: 'remove account', result: 'done', count: 1, detail: null },
    );
  }

  /** The audit trail contains no names of rooms. */
  function describeFailures(failures: readonly string[]): string {
    return ports
      .replaceNames(failures.slice(0, MAX_FAILURES_IN_STEP).join('; '))
      .slice(0, MAX_DETAIL_CHARACTERS);
  }

  /** @returns whether the trail is complete */
  async function report(): Promise<boolean> {
    try {
      return await writeTrail();
    } catch (error) {
      console.error({ event: 'erasure_trail_not_written', erasure: order.id, error: text(error) });
      return false;
    }
  }

  /** Writes the counts and the next steps. @returns whether all steps are written */
  async function writeTrail(): Promise<boolean> {
    const steps = list.getPendingSteps(MAX_STEPS_PER_WRITE);
    const { sockets, roomsFound, roomsErased, failures } = list.progress;
    await ports.writeTrail(order, { sockets, roomsFound, roomsErased, failures }, steps);
    list.removeSteps(steps);
    return steps.length < MAX_STEPS_PER_WRITE;
  }
}

const text = (error: unknown): string =>
  redactSecrets(error instanceof Error ? error.message : String(error)) || 'no reason given';
