import type { RoomAlarm } from '../storage/room-alarm.ts';
import { MAX_REPORT_DELAY_MS } from '../limits/report-timing.ts';

/**
 * The time of the room's next report. The alarm also fires for other tasks, and each report costs. In memory only: an instance
 * that has woken up does not know why the alarm was set, and takes it for a report.
 */
export class ReportSchedule {
  readonly #alarm: RoomAlarm;
  /** Unix milliseconds; `Infinity`: no report is due; `null`: unknown, so the next alarm reports. */
  #at: number | null = null;

  constructor(alarm: RoomAlarm) {
    this.#alarm = alarm;
  }

  /** Requests a report no later than this. */
  request(at: number): void {
    this.#at = Math.min(this.#expected, at);
    this.#alarm.requestReplacingQuiet(this.#at);
  }

  /** Whether the next report is due before this time. */
  isBefore(at: number): boolean {
    return this.#expected < at;
  }

  /**
   * Whether the report is due. If it is too early, the alarm is set again.
   * @param scheduledFor the time for which the alarm was set, Unix milliseconds
   * @param compactsAt the time of the next compaction; a report waits up to `MAX_REPORT_DELAY_MS` to cover it as well
   */
  isDue(scheduledFor: number, compactsAt: number | null): boolean {
    this.#at ??= scheduledFor;
    if (this.#at > scheduledFor) {
      if (this.#at < Infinity) this.#alarm.request(this.#at);
      return false;
    }
    return compactsAt === null || compactsAt <= scheduledFor || compactsAt > this.#at + MAX_REPORT_DELAY_MS;
  }

  /** Call before a report is sent: later changes need another one. */
  clear(): void {
    this.#at = Infinity;
  }

  get #expected(): number {
    return this.#at ?? this.#alarm.at ?? Infinity;
  }
}
