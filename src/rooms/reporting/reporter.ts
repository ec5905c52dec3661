import type { Measurement } from '../../domain/instance.ts';
import type { RegistryPort, SocketSelector } from '../contract/contract.ts';
import { within } from '../../lib/within.ts';
import {
  REPORT_INTERVAL_MS,
  MAX_REPORT_RETRY_DELAY_MS,
  MIN_REPORT_RETRY_DELAY_MS,
  REPORT_TIMEOUT_MS,
} from '../limits/report-timing.ts';
import { parseDoName } from '../../domain/do-name.ts';
import type { RoomState } from '../storage/room-state.ts';
import { describeError } from '../../lib/log-text.ts';

/** The room's sockets, as far as they are those of sessions. */
interface SignedInSockets {
  sessionIds(): readonly string[];
  endSockets(of: SocketSelector): unknown;
}

/**
 * Tells the registry how a room stands: that it is gone, or its size and last use. Learns at it which sessions are over
 * whose sockets the room still has: nobody could tell it while D1 was out of reach.
 */
export class Reporter {
  readonly #registry: RegistryPort;
  readonly #id: DurableObjectId;
  #failures = 0;
  /** What the registry was told last, by the room or by a Worker that took it along; `null`: this instance cannot know. */
  #told: Measurement | null = null;

  constructor(registry: RegistryPort, id: DurableObjectId) {
    this.#registry = registry;
    this.#id = id;
  }

  /**
   * Who tells the registry of a call that a Worker made: the Worker at once, where it was not told for a while; else the
   * room later, where the size is another one now; else nobody, since a use so soon after another is no news. So the
   * first call is seen at once, and a thousand after it cost no more than a few reports.
   * @param roomTellsSoon whether the room is going to tell it anyway, before it would be asked to
   */
  whoTells(measured: Measurement, roomTellsSoon: boolean): 'worker' | 'room later' | 'nobody' {
    const told = this.#told;
    if (told !== null && roomTellsSoon) return 'nobody';
    if (told === null || measured.measuredAt - told.measuredAt >= REPORT_INTERVAL_MS) {
      this.#told = measured;
      return 'worker';
    }
    return told.storageBytes === measured.storageBytes ? 'nobody' : 'room later';
  }

  /** Whether the registry was told a size, as far as this instance knows. */
  get hasTold(): boolean {
    return this.#told !== null;
  }

  /** What was told is of an earlier incarnation. */
  forget(): void {
    this.#told = null;
  }

  /**
   * @param usedAt Unix milliseconds of the last use that is known
   * @param sockets of the room; those of ended sessions are closed
   * @returns `null` where there is nothing left to tell, else after how many milliseconds to try again; `'erased'` where
   * the room must go with its owner's account
   */
  async report(
    state: RoomState,
    usedAt: number,
    sockets: SignedInSockets,
  ): Promise<number | 'erased' | null> {
    const doName = this.#id.name;
    if (doName === undefined || state.status === 'absent') return null;
    try {
      const isErased = await this.#tell(doName, state, usedAt, sockets);
      this.#failures = 0;
      return isErased ? 'erased' : null;
    } catch (error) {
      this.#told = null;
      const retryInMs = Math.min(MIN_REPORT_RETRY_DELAY_MS * 2 ** this.#failures, MAX_REPORT_RETRY_DELAY_MS);
      this.#failures += 1;
      console.error({ event: 'room report failed', doName, retryInMs, error: describeError(error) });
      return retryInMs;
    }
  }

  /** @returns whether the room must go with its owner's account */
  async #tell(doName: string, state: RoomState, usedAt: number, sockets: SignedInSockets): Promise<boolean> {
    const { createdAt } = state;
    if (state.status === 'deleted') {
      await within(REPORT_TIMEOUT_MS, this.#registry.remove({ doName, createdAt }));
      return false;
    }
    const report = {
      ...parseDoName(doName),
      doId: this.#id.toString(),
      createdAt,
      accessedAt: Math.max(usedAt, state.lastEditAt),
      measurement: state.measure(Date.now()),
    };
    this.#told = report.measurement;
    const { endedSessions, isErased } = await within(
      REPORT_TIMEOUT_MS,
      this.#registry.record(report, sockets.sessionIds()),
    );
    sockets.endSockets(endedSessions);
    // Deleted and recreated meanwhile, it is another incarnation, whose own report decides.
    return isErased && state.status === 'live' && state.createdAt === createdAt;
  }
}
