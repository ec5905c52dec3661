import type { Measurement } from '../../domain/instance.ts';
import type { RegistryPort, SocketSelector } from '../contract/contract.ts';
import { getBackoffMs } from '../../lib/backoff.ts';
import { within } from '../../lib/within.ts';
import {
  MAX_REPORT_RETRY_DELAY_MS,
  MIN_REPORT_RETRY_DELAY_MS,
  REPORT_DELAY_AFTER_CLOSE_MS,
  REPORT_DELAY_AFTER_COMPACTION_MS,
  REPORT_INTERVAL_MS,
  REPORT_TIMEOUT_MS,
} from '../limits/report-timing.ts';
import { parseDoName } from '../../domain/do-name.ts';
import type { RoomAlarm } from '../storage/room-alarm.ts';
import type { RoomState } from '../storage/room-state.ts';
import { describeError } from '../../lib/log-text.ts';
import { RecordedOpenings } from './recorded-openings.ts';
import { ReportSchedule } from './report-schedule.ts';
import { UnrecordedUse } from './unrecorded-use.ts';

/** What reports read of a room, and the orders that the registry's response gives it. */
interface ReportedRoom {
  readonly state: RoomState;
  readonly alarm: RoomAlarm;
  getSessionIds(): readonly string[];
  /** Ends the sockets of ended sessions. */
  endSockets(selector: SocketSelector): unknown;
  /** Deletes the room with its owner's account. */
  erase(): void;
}

/**
 * Decides when a room reports its size and last use to the registry, and sends the reports. Each method that is named after an
 * event says that it happened. A Worker records the first call after a quiet time itself; later ones share a report of the room,
 * so that a thousand calls cost a few writes.
 */
export class RoomReports {
  readonly #registry: RegistryPort;
  readonly #id: DurableObjectId;
  readonly #room: ReportedRoom;
  readonly #schedule: ReportSchedule;
  readonly #openings = new RecordedOpenings();
  readonly #unrecordedUse: UnrecordedUse;
  /** Unix milliseconds of the last use that this instance saw; 0 after waking up. */
  #lastUsedAt = 0;
  /** The last measurement that the room or a Worker sent to the registry; `null`: unknown to this instance. */
  #lastReported: Measurement | null = null;
  #failures = 0;

  constructor(
    registry: RegistryPort,
    { id, storage }: Pick<DurableObjectState, 'id' | 'storage'>,
    room: ReportedRoom,
  ) {
    this.#registry = registry;
    this.#id = id;
    this.#room = room;
    this.#schedule = new ReportSchedule(room.alarm);
    this.#unrecordedUse = new UnrecordedUse(storage.kv, room.state.damage);
  }

  /** The room was created or recreated. It reports even if it is never edited. */
  created(now: number): void {
    this.#lastReported = null;
    this.#openings.remove('everyone');
    this.#schedule.request(now + REPORT_INTERVAL_MS);
  }

  deleted(now: number): void {
    this.#schedule.request(now + REPORT_DELAY_AFTER_CLOSE_MS);
  }

  editStored(now: number): void {
    this.#schedule.request(now + REPORT_INTERVAL_MS);
  }

  /** The owner compacted the room. */
  compacted(now: number): void {
    this.#schedule.request(now + REPORT_DELAY_AFTER_COMPACTION_MS);
  }

  /** A room whose size is not reported yet reports at once; another one waits for its compaction. */
  lastSocketClosed(now: number): void {
    const compactsAt = this.#lastReported === null ? null : this.#room.state.getQuietCompactionAt();
    this.#schedule.request(Math.max(now + REPORT_DELAY_AFTER_CLOSE_MS, compactsAt ?? 0));
  }

  /**
   * A socket was opened.
   * @param sessionId `null`: the socket has no session
   * @returns whether the Worker records it, and learns whether the session has ended. If not, the next report does both.
   */
  opened(sessionId: string | null, now: number): boolean {
    const shouldRecord = this.#openings.add(sessionId, now);
    if (!shouldRecord && sessionId !== null) this.#schedule.request(now + REPORT_INTERVAL_MS);
    return shouldRecord;
  }

  /** The next sockets of these sessions are recorded again. */
  sessionsEnded(selector: SocketSelector): void {
    this.#openings.remove(selector);
  }

  /** A frame or a call used the room. Only notes the time, in Unix milliseconds. */
  used(now: number): void {
    this.#lastUsedAt = now;
  }

  /**
   * A call is about to be answered.
   * @returns whether the Worker records the call. If not, the room reports later, unless the size is the same.
   */
  callAnswered(measured: Measurement, now: number): boolean {
    const last = this.#lastReported;
    const latest = now + REPORT_INTERVAL_MS;
    if (last !== null && this.#schedule.isBefore(latest)) return false;
    if (last === null || measured.measuredAt - last.measuredAt >= REPORT_INTERVAL_MS) {
      this.#lastReported = measured;
      return true;
    }
    if (last.storageBytes !== measured.storageBytes) this.#schedule.request(latest);
    return false;
  }

  /**
   * A Worker failed to record a use.
   * @param usedAt Unix milliseconds
   */
  recordingFailed(usedAt: number): void {
    const { status } = this.#room.state;
    if (status === 'absent') return;
    if (status === 'live') this.#unrecordedUse.store(usedAt);
    this.#schedule.request(Date.now() + REPORT_INTERVAL_MS);
  }

  /** Whether a report is due now; the parameters are those of `ReportSchedule.isDue`. */
  isDue(scheduledFor: number, compactsAt: number | null): boolean {
    return this.#schedule.isDue(scheduledFor, compactsAt);
  }

  /** Reports to the registry. Requests a retry if that fails. Never rejects. */
  async send(): Promise<void> {
    this.#schedule.clear();
    const usedAt = Math.max(this.#lastUsedAt, this.#unrecordedUse.at);
    const doName = this.#id.name;
    let isErased = false;
    if (doName !== undefined && this.#room.state.status !== 'absent') {
      try {
        isErased = await this.#send(doName, usedAt);
        this.#failures = 0;
      } catch (error) {
        return this.#failed(doName, error);
      }
    }
    if (isErased) this.#erase();
    else this.#unrecordedUse.clearThrough(usedAt);
  }

  /** @returns whether the room must be deleted with its owner's account */
  async #send(doName: string, usedAt: number): Promise<boolean> {
    const { state } = this.#room;
    const { createdAt } = state;
    if (state.status === 'deleted') {
      await within(REPORT_TIMEOUT_MS, this.#registry.remove({ doName, createdAt }));
      return false;
    }
    const measurement = state.measure(Date.now());
    this.#lastReported = measurement;
    const report = {
      ...parseDoName(doName),
      doId: this.#id.toString(),
      createdAt,
      accessedAt: Math.max(usedAt, state.lastEditAt),
      measurement,
    };
    const { endedSessions, isErased } = await within(
      REPORT_TIMEOUT_MS,
      this.#registry.record(report, this.#room.getSessionIds()),
    );
    this.#room.endSockets(endedSessions);
    // If the room was deleted and recreated meanwhile, the new incarnation's own report decides.
    return isErased && state.status === 'live' && state.createdAt === createdAt;
  }

  #failed(doName: string, error: unknown): void {
    this.#lastReported = null;
    this.#failures += 1;
    const delays = { firstMs: MIN_REPORT_RETRY_DELAY_MS, maxMs: MAX_REPORT_RETRY_DELAY_MS };
    const retryInMs = getBackoffMs(this.#failures, delays);
    console.error({ event: 'room_report_failed', doName, retryInMs, error: describeError(error) });
    this.#schedule.request(Date.now() + retryInMs);
  }

  #erase(): void {
    try {
      this.#room.erase();
    } catch (error) {
      console.error({ event: 'room_erasure_failed', doName: this.#id.name, error: describeError(error) });
      this.#schedule.request(Date.now() + MAX_REPORT_RETRY_DELAY_MS);
    }
  }
}
