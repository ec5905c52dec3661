import { describeError } from '../../lib/log-text.ts';

/**
 * The object's one alarm, shared by all tasks of the room. The earliest request wins; the handler of the alarm requests the
 * later ones again.
 */
export class RoomAlarm {
  readonly #storage: DurableObjectStorage;
  /** Unix milliseconds; `null`: no alarm is set. */
  #armedAt: number | null = null;
  /** If the alarm is set only for a quiet room: its time otherwise, `Infinity` for none; else `null`. */
  #otherwise: number | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  /** Await it before the first `request`, or a later time could replace an earlier one. Never rejects. */
  async load(): Promise<void> {
    try {
      this.#armedAt = await this.#storage.getAlarm();
    } catch (error) {
      // A room with an unreadable alarm must still be readable and deletable.
      console.error({ event: 'alarm_unreadable', error: describeError(error) });
    }
  }

  /** Call when the alarm was deleted with all storage. */
  clear(): void {
    this.#armedAt = null;
    this.#otherwise = null;
  }

  /**
   * Requests an alarm no later than this. An alarm that is early enough stays, because setting one costs a row written. It is
   * stored in the same transaction as the other writes of this turn of the event loop.
   */
  request(at: number): void {
    if (this.#armedAt !== null && this.#armedAt <= at) {
      if (this.#otherwise !== null) this.#otherwise = Math.min(this.#otherwise, at);
      return;
    }
    this.#arm(at);
  }

  /** Requests an alarm in case the room is quiet until then. An edit replaces it by `requestReplacingQuiet`. */
  requestWhenQuiet(at: number): void {
    const otherwise = this.#armedAt ?? Infinity;
    if (otherwise <= at) return;
    this.#arm(at);
    this.#otherwise = otherwise;
  }

  /** As `request`, and replaces an alarm that was set for a quiet room: the room was edited. */
  requestReplacingQuiet(at: number): void {
    if (this.#otherwise === null) return this.request(at);
    const next = Math.min(this.#otherwise, at);
    if (next === this.#armedAt) this.#otherwise = null;
    else this.#arm(next);
  }

  /** The time of the alarm, Unix milliseconds; `null`: no alarm is set. */
  get at(): number | null {
    return this.#armedAt;
  }

  /**
   * Call first when the alarm fires.
   * @returns the time for which it was set, at least now, Unix milliseconds
   */
  takeFired(): number {
    const scheduledFor = Math.max(Date.now(), this.#armedAt ?? 0);
    this.#armedAt = null;
    this.#otherwise = null;
    return scheduledFor;
  }

  #arm(at: number): void {
    this.#armedAt = at;
    this.#otherwise = null;
    void this.#storage.setAlarm(at);
  }
}
