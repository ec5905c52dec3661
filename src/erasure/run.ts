import type { ErasureOrder } from '../domain/erasure-request.ts';
import { inParallel } from '../lib/in-parallel.ts';
import { redactSecrets } from '../lib/log-text.ts';
import { within } from '../lib/within.ts';
import type { ErasurePorts, RoomToErase, StepName } from './contract.ts';
import { FAILURES_TOLD, MAX_DETAIL_CHARACTERS, retryIn } from './limits.ts';
import type { WorkList } from './work-list.ts';

/** How much one run does. What is left waits for the next one. */
export interface RunBounds {
  readonly rooms: number;
  readonly roomsAPage: number;
  readonly roomsAtOnce: number;
  /** No room is begun after this time, in milliseconds. */
  readonly durationMs: number;
  /** In milliseconds. */
  readonly answerWithinMs: number;
  readonly triesOfBrokenRoom: number;
}

/** Steps that the trail is told at once. */
const STEPS_AT_ONCE = 100;

/**
 * Takes an erasure further: sockets, then rooms, then the account, then the end of the trail. All it has reached is in
 * the list, so it can be ended anywhere and begun again. A room that fails keeps no other from being erased. Never
 * rejects.
 * @returns when to go on, Unix milliseconds; `'finished'` where nothing is left to do
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
      { at: Date.now(), what, result: 'failed', count: 0, detail: described([text(error)]) },
    );
  }
  const isTold = await tell();
  const { stage, failedRuns } = list.progress;
  if (stage === 'told' && isTold) return 'finished';
  if (failedRuns > 0) return Date.now() + retryIn(failedRuns);
  if (stage === 'told') return Date.now() + retryIn(1);
  return stage === 'rooms' ? Math.max(Date.now(), list.nextDueAt() ?? 0) : Date.now();

  async function endSockets(): Promise<void> {
    const { sockets, failures, more } = await ports.endSockets(order.userId);
    const { progress } = list;
    // A room that cannot be told has its turn again when it is erased: sockets come first there, too.
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
        detail: failures.length === 0 ? null : described(failures),
      },
    );
  }

  async function eraseRooms(): Promise<void> {
    const failures: string[] = [];
    let left = bounds.rooms;
    let erased = 0;
    try {
      while (left > 0 && Date.now() < deadline) {
        const due = list.due(Date.now(), Math.min(left, bounds.roomsAPage));
        if (due.length > 0) {
          left -= due.length;
          // oxlint-disable-next-line no-await-in-loop -- a page after the other
          await inParallel(due, bounds.roomsAtOnce, eraseRoom);
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
        list.move({}, { at: Date.now(), what, result: 'failed', count, detail: described(failures) });
      }
    }
    if (list.progress.listedThrough === null && list.nextDueAt() === null) list.move({ stage: 'account' });

    async function eraseRoom(room: RoomToErase): Promise<void> {
      try {
        await within(bounds.answerWithinMs, ports.eraseRoom(order.userId, room));
        list.erased(room);
        erased += 1;
      } catch (error) {
        const tries = list.postpone(room, Date.now());
        failures.push(`${room.doName}: ${text(error)}`);
        if (tries >= bounds.triesOfBrokenRoom && ports.isRoomFailure(error)) await giveUp(room, tries);
      }
    }

    async function giveUp(room: RoomToErase, tries: number): Promise<void> {
      await ports.forgetRoom(room);
      const detail = described([`given up after ${tries} tries, delete by hand: ${room.doName}`]);
      list.drop(room, { at: Date.now(), what, result: 'failed', count: 1, detail });
    }
  }

  async function listPage(after: string): Promise<void> {
    const limit = bounds.roomsAPage;
    const goneSince = list.progress.listsGone ? order.requestedAt : null;
    const page = await ports.readRooms({ userId: order.userId, goneSince, after, limit });
    list.add(page, page.length < limit, Date.now());
  }

  async function removeAccount(): Promise<void> {
    // With the account goes the erasure's being under way: whoever sees it finished must see all that it did.
    await writeDown();
    // Rooms may have come since they were listed, by a JWT that was still good.
    if ((await ports.removeAccount(order)) === 'has rooms') {
      return list.move({ stage: 'rooms', listedThrough: '' });
    }
    list.move(
      { stage: 'told' },
      { at: Date.now(), what: 'remove account', result: 'done', count: 1, detail: null },
    );
  }

  /** For the trail, which holds no names. */
  function described(failures: readonly string[]): string {
    return ports.withoutNames(failures.slice(0, FAILURES_TOLD).join('; ')).slice(0, MAX_DETAIL_CHARACTERS);
  }

  /** @returns whether the trail knows all */
  async function tell(): Promise<boolean> {
    try {
      return await writeDown();
    } catch (error) {
      console.error({ event: 'erasure not written down yet', erasure: order.id, error: text(error) });
      return false;
    }
  }

  /** @returns whether the trail knows all steps; it knows how many rooms there were in any case */
  async function writeDown(): Promise<boolean> {
    const steps = list.untold(STEPS_AT_ONCE);
    const { sockets, roomsFound, roomsErased, failures } = list.progress;
    await ports.writeTrail(order, { sockets, roomsFound, roomsErased, failures }, steps);
    list.told(steps);
    return steps.length < STEPS_AT_ONCE;
  }
}

const text = (error: unknown): string =>
  redactSecrets(error instanceof Error ? error.message : String(error)) || 'no reason given';
