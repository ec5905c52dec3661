import type { RegistryPort } from './contract.ts';
import { REPORT_RETRY_MAX_MS, REPORT_RETRY_MS } from './limits.ts';
import { parseDoName } from './name.ts';
import type { RoomState } from './room-state.ts';

/** Tells the registry how a room stands: that it is gone, or its size and last use. */
export class Reporter {
  readonly #registry: RegistryPort;
  readonly #id: DurableObjectId;
  #failures = 0;

  constructor(registry: RegistryPort, id: DurableObjectId) {
    this.#registry = registry;
    this.#id = id;
  }

  /**
   * @param usedAt Unix milliseconds of the last use that is known
   * @returns `null` where there is nothing left to tell, else after how many milliseconds to try again
   */
  async report(state: RoomState, usedAt: number): Promise<number | null> {
    const doName = this.#id.name;
    if (doName === undefined || state.life === 'absent') return null;
    try {
      await this.#tell(doName, state, usedAt);
      this.#failures = 0;
      return null;
    } catch (error) {
      const retryInMs = Math.min(REPORT_RETRY_MS * 2 ** this.#failures, REPORT_RETRY_MAX_MS);
      this.#failures += 1;
      console.error({ event: 'room report failed', doName, retryInMs, error: String(error) });
      return retryInMs;
    }
  }

  #tell(doName: string, state: RoomState, usedAt: number): Promise<unknown> {
    const { createdAt } = state;
    if (state.life === 'deleted') return this.#registry.remove({ doName, createdAt });
    return this.#registry.record({
      ...parseDoName(doName),
      doId: this.#id.toString(),
      createdAt,
      accessedAt: Math.max(usedAt, state.lastEditAt),
      measurement: state.measure(Date.now()),
    });
  }
}
