import { describeError } from '../../lib/log-text.ts';

/**
 * The room's one alarm, shared by everything that must happen later: the earliest request wins, and whoever handles the
 * alarm asks again for the rest.
 */
export class RoomAlarm {
  readonly #storage: DurableObjectStorage;
  /** Unix milliseconds; `null`: none is set. */
  #armedAt: number | null = null;
  /** Of one that is set for a quiet moment alone: what it would be set for otherwise, `Infinity` for nothing. */
  #otherwise: number | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Must have ended before the first `request`, or a later time could replace an earlier one. Never rejects. */
  async load(): Promise<void> {
    try {
      this.#armedAt = await this.#storage.getAlarm();
    } catch (error) {
      // A room whose alarm cannot be read must be reachable all the same, to be read and to be deleted.
      console.error({ event: 'alarm_unreadable', error: describeError(error) });
    }
  }

  /** None is set: it was deleted with everything else. */
  clear(): void {
    this.#armedAt = null;
    this.#otherwise = null;
  }

  /**
   * Asks to be woken no later than this. Setting an alarm costs a row written, so one that is early enough already is
   * left alone. It is stored with whatever the same turn of the event loop writes: both, or neither.
   */
  request(at: number): void {
    if (this.#armedAt !== null && this.#armedAt <= at) {
      if (this.#otherwise !== null) this.#otherwise = Math.min(this.#otherwise, at);
      return;
    }
    this.#arm(at);
  }

  /** Asks to be woken then, should the room be quiet until then: an edit comes to ask for another time instead. */
  requestWhenQuiet(at: number): void {
    const otherwise = this.#armedAt ?? Infinity;
    if (otherwise <= at) return;
    this.#arm(at);
    this.#otherwise = otherwise;
  }

  /** As `request`, in place of a quiet moment: the room is not going to be quiet by then. */
  requestReplacingQuiet(at: number): void {
    if (this.#otherwise === null) return this.request(at);
    const next = Math.min(this.#otherwise, at);
    if (next === this.#armedAt) this.#otherwise = null;
    else this.#arm(next);
  }

  /** When it goes off, Unix milliseconds; `null`: none is set. */
  get at(): number | null {
    return this.#armedAt;
  }

  /**
   * Called when the alarm has gone off: none is set from now on.
   * @returns the time for which that was, Unix milliseconds: now at least
   */
  takeFired(): number {
    const rungFor = Math.max(Date.now(), this.#armedAt ?? 0);
    this.#armedAt = null;
    this.#otherwise = null;
    return rungFor;
  }

  #arm(at: number): void {
    this.#armedAt = at;
    this.#otherwise = null;
    void this.#storage.setAlarm(at);
  }
}
