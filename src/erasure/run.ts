import type { ErasureOrder } from '../domain/erasure-request.ts';
import { inParallel } from '../lib/in-parallel.ts';
import { redactSecrets } from '../lib/log-text.ts';
import { within } from '../lib/within.ts';
import type { ErasurePorts, ErasureStep, RoomToErase, StepName } from './contract.ts';
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
  return new ErasureRun(order, ports, list, bounds).run();
}

interface RoomsOutcome {
  erased: number;
  readonly failures: string[];
}

class ErasureRun {
  readonly #order: ErasureOrder;
  readonly #ports: ErasurePorts;
  readonly #list: WorkList;
  readonly #bounds: RunBounds;

  constructor(order: ErasureOrder, ports: ErasurePorts, list: WorkList, bounds: RunBounds) {
    this.#order = order;
    this.#ports = ports;
    this.#list = list;
    this.#bounds = bounds;
  }

  async run(): Promise<number | 'finished'> {
    await this.#runStages();
    const isReported = await this.#report();
    const { stage, failedRuns } = this.#list.progress;
    if (stage === 'told' && isReported) return 'finished';
    if (failedRuns > 0) return Date.now() + getRetryDelay(failedRuns);
    if (stage === 'told') return Date.now() + getRetryDelay(1);
    return stage === 'rooms' ? Math.max(Date.now(), this.#list.nextDueAt() ?? 0) : Date.now();
  }

  /** Runs the stages until one is not complete. */
  async #runStages(): Promise<void> {
    const deadline = Date.now() + this.#bounds.durationMs;
    let what: StepName = 'end sockets';
    try {
      if (this.#list.progress.stage === 'sockets') await this.#endSockets();
      what = 'erase rooms';
      if (this.#list.progress.stage === 'rooms') await this.#eraseRooms(deadline);
      what = 'remove account';
      if (this.#list.progress.stage === 'account') await this.#removeAccount();
      this.#list.move({ failedRuns: 0 });
    } catch (error) {
      const { failedRuns, failures } = this.#list.progress;
      const detail = this.#describeFailures([text(error)]);
      this.#list.move(
        { failedRuns: failedRuns + 1, failures: failures + 1 },
        { at: Date.now(), what, result: 'failed', count: 0, detail },
      );
    }
  }

  async #endSockets(): Promise<void> {
    const { sockets, failures, more } = await this.#ports.endSockets(this.#order.userId);
    const { progress } = this.#list;
    const hasFailed = failures.length > 0;
    // Erasing a room also closes its sockets, so rooms that cannot be notified now do not block the next stage.
    this.#list.move(
      {
        stage: more && !hasFailed ? 'sockets' : 'rooms',
        sockets: progress.sockets + sockets,
        failures: progress.failures + failures.length,
      },
      {
        at: Date.now(),
        what: 'end sockets',
        result: hasFailed ? 'failed' : 'done',
        count: sockets,
        detail: hasFailed ? this.#describeFailures(failures) : null,
      },
    );
  }

  async #eraseRooms(deadline: number): Promise<void> {
    const outcome: RoomsOutcome = { erased: 0, failures: [] };
    let left = this.#bounds.rooms;
    try {
      while (left > 0 && Date.now() < deadline) {
        const due = this.#list.getDueRooms(Date.now(), Math.min(left, this.#bounds.roomsPerPage));
        const { listedThrough } = this.#list.progress;
        if (due.length === 0 && listedThrough === null) break;
        left -= due.length;
        // oxlint-disable-next-line no-await-in-loop -- pages are sequential
        if (due.length > 0) await this.#erasePage(due, outcome);
        // oxlint-disable-next-line no-await-in-loop
        else if (listedThrough !== null) await this.#listPage(listedThrough);
      }
    } finally {
      const { erased, failures } = outcome;
      this.#addRoomsStep('done', erased, null);
      this.#addRoomsStep('failed', failures.length, this.#describeFailures(failures));
    }
    const isComplete = this.#list.progress.listedThrough === null && this.#list.nextDueAt() === null;
    if (isComplete) this.#list.move({ stage: 'account' });
  }

  #addRoomsStep(result: ErasureStep['result'], count: number, detail: string | null): void {
    if (count > 0) this.#list.move({}, { at: Date.now(), what: 'erase rooms', result, count, detail });
  }

  /** Adds its results to `outcome`. */
  async #erasePage(rooms: readonly RoomToErase[], outcome: RoomsOutcome): Promise<void> {
    await inParallel(rooms, this.#bounds.maxConcurrentRooms, async (room) => {
      try {
        await within(this.#bounds.roomTimeoutMs, this.#ports.eraseRoom(this.#order.userId, room));
        this.#list.remove(room);
        outcome.erased += 1;
      } catch (error) {
        outcome.failures.push(`${room.doName}: ${text(error)}`);
        await this.#handleRoomFailure(room, error);
      }
    });
  }

  async #handleRoomFailure(room: RoomToErase, error: unknown): Promise<void> {
    const tries = this.#list.postpone(room, Date.now());
    if (tries < this.#bounds.maxTriesOfBrokenRoom || !this.#ports.isRoomFailure(error)) return;
    await this.#ports.forgetRoom(room);
    const detail = this.#describeFailures([`given up after ${tries} tries, delete by hand: ${room.doName}`]);
    this.#list.drop(room, { at: Date.now(), what: 'erase rooms', result: 'failed', count: 1, detail });
  }

  async #listPage(after: string): Promise<void> {
    const { userId, requestedAt } = this.#order;
    const limit = this.#bounds.roomsPerPage;
    const goneSince = this.#list.progress.listsGone ? requestedAt : null;
    const page = await this.#ports.readRooms({ userId, goneSince, after, limit });
    this.#list.add(page, page.length < limit, Date.now());
  }

  async #removeAccount(): Promise<void> {
    // Removing the account finishes the erasure, so the trail must be complete before.
    await this.#writeTrail();
    // A JWT that was still valid may have created rooms after the listing.
    if ((await this.#ports.removeAccount(this.#order)) === 'has rooms') {
      this.#list.move({ stage: 'rooms', listedThrough: '' });
      return;
    }
    const step = { at: Date.now(), what: 'remove account', result: 'done', count: 1, detail: null } as const;
    this.#list.move({ stage: 'told' }, step);
  }

  /** The audit trail contains no names of rooms. */
  #describeFailures(failures: readonly string[]): string {
    const detail = failures.slice(0, MAX_FAILURES_IN_STEP).join('; ');
    return this.#ports.replaceNames(detail).slice(0, MAX_DETAIL_CHARACTERS);
  }

  /** @returns whether the trail is complete */
  async #report(): Promise<boolean> {
    try {
      return await this.#writeTrail();
    } catch (error) {
      console.error({ event: 'erasure_trail_not_written', erasure: this.#order.id, error: text(error) });
      return false;
    }
  }

  /** Writes the counts and the next steps. @returns whether all steps are written */
  async #writeTrail(): Promise<boolean> {
    const steps = this.#list.getPendingSteps(MAX_STEPS_PER_WRITE);
    const { sockets, roomsFound, roomsErased, failures } = this.#list.progress;
    await this.#ports.writeTrail(this.#order, { sockets, roomsFound, roomsErased, failures }, steps);
    this.#list.removeSteps(steps);
    return steps.length < MAX_STEPS_PER_WRITE;
  }
}

const text = (error: unknown): string =>
  redactSecrets(error instanceof Error ? error.message : String(error)) || 'no reason given';
