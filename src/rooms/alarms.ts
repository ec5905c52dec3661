/**
 * The room's one alarm, shared by everything that must happen later: the earliest request wins, and whoever handles the
 * alarm asks again for the rest.
 */
export class RoomAlarm {
  readonly #storage: DurableObjectStorage;
  /** Unix milliseconds; `null`: none is set. */
  #armedAt: number | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Must have ended before the first `request`, or a later time could replace an earlier one. */
  async load(): Promise<void> {
    this.#armedAt = await this.#storage.getAlarm();
  }

  /**
   * Asks to be woken no later than this. Setting an alarm costs a row written, so one that is early enough already is
   * left alone. It is stored with whatever the same turn of the event loop writes: both, or neither.
   */
  request(at: number): void {
    if (this.#armedAt !== null && this.#armedAt <= at) return;
    this.#armedAt = at;
    void this.#storage.setAlarm(at);
  }

  /** When it goes off, Unix milliseconds; `null`: none is set. */
  get at(): number | null {
    return this.#armedAt;
  }

  /**
   * Called when the alarm has gone off: none is set from now on.
   * @returns the time for which that was, Unix milliseconds: now at least
   */
  fired(): number {
    const rungFor = Math.max(Date.now(), this.#armedAt ?? 0);
    this.#armedAt = null;
    return rungFor;
  }
}
