import type { RoomAlarm } from '../storage/room-alarm.ts';
import { MAX_REPORT_DELAY_MS } from '../limits/report-timing.ts';

/**
 * When the room is to report itself: what its alarm rings for may be something else, and each report costs. Only in memory: an
 * instance that has woken up does not know what an earlier one set the alarm for, and takes it for a report.
 */
export class ReportDue {
  readonly #alarm: RoomAlarm;
  /** Unix milliseconds, `Infinity` where nothing is to be told; `null`: nobody knows, so whenever the alarm rings. */
  #at: number | null = null;

  constructor(alarm: RoomAlarm) {
    this.#alarm = alarm;
  }

  /** Asks to report no later than this. */
  by(at: number): void {
    this.#at = Math.min(this.#expected, at);
    this.#alarm.requestReplacingQuiet(this.#at);
  }

  /** Whether the room reports itself before then in any case. */
  isBefore(at: number): boolean {
    return this.#expected < at;
  }

  /**
   * Whether to report now. Where it is too early, the alarm is set again.
   * @param rungFor what the alarm rang for, Unix milliseconds
   * @param compactsAt when the room is going to be compacted; so soon that one report may tell of both, it is waited for
   */
  isNow(rungFor: number, compactsAt: number | null): boolean {
    this.#at ??= rungFor;
    if (this.#at > rungFor) {
      if (this.#at < Infinity) this.#alarm.request(this.#at);
      return false;
    }
    return compactsAt === null || compactsAt <= rungFor || compactsAt > this.#at + MAX_REPORT_DELAY_MS;
  }

  /** It is being told how the room stands: from now on, what comes is news. */
  done(): void {
    this.#at = Infinity;
  }

  get #expected(): number {
    return this.#at ?? this.#alarm.at ?? Infinity;
  }
}
