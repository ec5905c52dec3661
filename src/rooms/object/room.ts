import * as Y from 'yjs';
import { CLOSE_CODES, type CloseCode } from '../../lib/refuse-upgrade.ts';
import type { RoomRefusal, RoomResult, RegistryPort, SocketSelector } from '../contract/contract.ts';
import { RoomAlarm } from '../storage/room-alarm.ts';
import { Damage } from '../storage/damage.ts';
import { Edits } from '../sync/edits.ts';
import { logFailure } from './log-failure.ts';
import { isIncarnation } from '../../domain/incarnation.ts';
import { JoinFrames } from '../sync/join-frames.ts';
import {
  REPORT_DELAY_AFTER_CLOSE_MS,
  REPORT_INTERVAL_MS,
  MAX_REPORT_RETRY_DELAY_MS,
} from '../limits/report-timing.ts';
import { type RoomLimits } from '../limits/room-limits.ts';
import { MAX_EXPIRY_CHECK_INTERVAL_MS } from '../limits/socket-limits.ts';
import { QUIET_AFTER_MS } from '../limits/storage-limits.ts';
import { ROOM_REFUSALS } from '../contract/room-refusals.ts';
import { writeStep1 } from '../sync/protocol.ts';
import { RefusedSockets } from '../sync/refused-sockets.ts';
import { ReportDue } from '../reporting/report-due.ts';
import { Reporter } from '../reporting/reporter.ts';
import { RoomState } from '../storage/room-state.ts';
import { Sockets } from '../sync/sockets.ts';
import { ToldOpenings } from '../reporting/told-openings.ts';
import { UntoldUse } from '../reporting/untold-use.ts';
import { Versions } from '../storage/versions.ts';
import { describeError } from '../../lib/log-text.ts';

const CONTENT_NOT_SENT = 'the room could not read what this client lacks; connect again';

export interface RoomOptions {
  /** Whether what is deleted is dropped at compaction; then there can be no versions. */
  readonly collectGarbage: boolean;
  readonly limits: RoomLimits;
}

/**
 * What a room is made of, and what it does whoever asks for it: a call, a frame or an alarm. Keeps the promise that what
 * a peer, a 2xx or an acknowledgement shows is stored: the platform's output gate holds everything that is sent until
 * the writes before it are durable, and here nothing is sent before it was written.
 */
export class Room {
  /** The object's name; `undefined` only for one that was not reached by its name. */
  readonly name: string | undefined;
  readonly limits: RoomLimits;
  readonly keepsVersions: boolean;
  readonly state: RoomState;
  readonly sockets: Sockets;
  readonly alarm: RoomAlarm;
  readonly reportDue: ReportDue;
  readonly versions: Versions;
  readonly joinFrames: JoinFrames;
  readonly edits: Edits;
  readonly refused: RefusedSockets;
  readonly #reporter: Reporter;
  readonly #untoldUse: UntoldUse;
  readonly #toldOpenings = new ToldOpenings();
  /** Unix milliseconds of the last use that this instance saw; 0 after waking up. */
  #lastUsedAt = 0;

  constructor(ctx: DurableObjectState, registry: RegistryPort, { collectGarbage, limits }: RoomOptions) {
    this.name = ctx.id.name;
    this.limits = limits;
    this.keepsVersions = !collectGarbage;
    const damage = new Damage(ctx.id.name);
    this.refused = new RefusedSockets(ctx.storage.kv, damage);
    this.state = new RoomState(ctx.storage, { collectGarbage, damage });
    this.joinFrames = new JoinFrames(this.state);
    this.sockets = new Sockets(ctx, damage, {
      answer: (stateVector) => this.joinFrames.answer(Y.decodeStateVector(stateVector)),
      answerAfter: (number) => this.joinFrames.answerAfter(number),
      step1: () => writeStep1(Y.encodeStateVector(new Map(this.state.content.stateVector))),
      onFailure: (socket, error) => {
        logFailure('content_not_sent', this.name, null, error);
        this.sockets.close(socket, CLOSE_CODES.tryAgainLater, CONTENT_NOT_SENT);
      },
      onVanished: () => {
        if (this.sockets.size === 0) this.#reportAfterLast(Date.now());
      },
    });
    this.alarm = new RoomAlarm(ctx.storage);
    this.reportDue = new ReportDue(this.alarm);
    this.versions = new Versions(ctx.storage, this.state);
    this.#reporter = new Reporter(registry, ctx.id);
    this.#untoldUse = new UntoldUse(ctx.storage.kv, damage);
    this.edits = new Edits(this);
  }

  /** Notes a use of what is stored, and gives its time in Unix milliseconds. */
  recordUse(): number {
    this.edits.settle();
    return this.recordUseOnly();
  }

  /** Notes a use, and gives its time in Unix milliseconds. */
  recordUseOnly(): number {
    this.#lastUsedAt = Date.now();
    this.joinFrames.forgetUnused(this.#lastUsedAt);
    return this.#lastUsedAt;
  }

  /** Why a client that names this incarnation, or none, is not let in; `null`: it is. */
  getRefusal(incarnation: string | null): 'absent' | 'deleted' | 'gone' | null {
    const { status } = this.state;
    if (status === 'absent') return incarnation === null ? null : 'absent';
    // Also in a deleted room: its marker proves nothing about the incarnation that the client has a copy of.
    if (incarnation !== null && !isIncarnation(incarnation, this.state)) return 'gone';
    return status === 'deleted' ? 'deleted' : null;
  }

  /** Notes a use of a room that is there, and gives its time in Unix milliseconds. */
  enterOrRefuse(incarnation: string | null): number | RoomRefusal {
    const refusal = this.getRefusal(incarnation);
    if (refusal !== null) return { kind: refusal };
    return this.state.status === 'absent' ? { kind: 'absent' } : this.recordUse();
  }

  /**
   * Brings the room to life where it is not; a new one reports itself even if nobody ever writes.
   * @param incarnation the name of its new incarnation
   */
  createIfMissing(now: number, incarnation?: string): boolean {
    if (this.state.status === 'live') return false;
    this.state.create(now, incarnation);
    this.#reporter.forget();
    this.#toldOpenings.forget('everyone');
    this.reportDue.by(now + REPORT_INTERVAL_MS);
    return true;
  }

  /** Removes the content, keeps the marker, and ends every socket. Idempotent. */
  delete(): void {
    const now = this.recordUse();
    if (this.state.status !== 'live') return;
    if (this.state.delete(now)) this.alarm.clear();
    this.sockets.closeAll(ROOM_REFUSALS.deleted.code, ROOM_REFUSALS.deleted.reason);
    this.reportDue.by(now + REPORT_DELAY_AFTER_CLOSE_MS);
  }

  /** The owner's account is erased: ends every socket as signed out, even if the rest should fail, and then as `delete`. */
  erase(): void {
    this.endSockets('everyone');
    this.delete();
  }

  /**
   * A socket is gone, whoever closed it. After the last one the room reports itself: at once where nobody knows its size, else
   * with the compaction that it waits for.
   */
  leave(socket: WebSocket): void {
    const now = this.recordUse();
    this.sockets.forget(socket);
    if (this.sockets.size === 0) this.#reportAfterLast(now);
  }

  #reportAfterLast(now: number): void {
    const compactsAt = this.#reporter.hasTold ? this.getQuietCompactionAt() : null;
    this.reportDue.by(Math.max(now + REPORT_DELAY_AFTER_CLOSE_MS, compactsAt ?? 0));
  }

  /** Closes a socket for what it sent, which it will send again. */
  refuse(socket: WebSocket, code: CloseCode, reason: string): void {
    this.refused.note(this.sockets.callerOf(socket), { code, reason }, Date.now());
    this.sockets.close(socket, code, reason);
  }

  /** When the room will have been quiet for so long that it is compacted, Unix milliseconds; `null`: it does not wait for that. */
  getQuietCompactionAt(): number | null {
    return this.state.getCompactionUrgency() === 'when quiet' ? this.state.lastEditAt + QUIET_AFTER_MS : null;
  }

  /** Sees to it that the room looks after its sockets' credentials when the next of them ends. */
  requestExpiryCheck(now: number): void {
    const next = this.sockets.nextExpiry();
    if (next !== null) this.alarm.request(Math.min(next, now + MAX_EXPIRY_CHECK_INTERVAL_MS));
  }

  /** What every call on a room that is there brings back. */
  createResult(now: number): RoomResult {
    const measured = this.state.measure(now);
    const latest = now + REPORT_INTERVAL_MS;
    // What this call has asked for itself is no sooner than that.
    const who = this.#reporter.whoTells(measured, this.reportDue.isBefore(latest));
    if (who === 'room later') this.reportDue.by(latest);
    const { createdAt, incarnation } = this.state;
    return { kind: 'reached', createdAt, incarnation, shouldRecord: who === 'worker', ...measured };
  }

  /**
   * Notes that a socket was opened.
   * @param sessionId the session that vouches for it; `null`: none does
   * @returns whether the Worker is to tell the registry, and to learn whether the session has ended; where not, the room does both
   * with its next report, which it asks for where there is a session
   */
  isNewsOfOpening(sessionId: string | null, now: number): boolean {
    const isNews = this.#toldOpenings.isNews(sessionId, now);
    if (!isNews && sessionId !== null) this.reportDue.by(now + REPORT_INTERVAL_MS);
    return isNews;
  }

  /**
   * Ends the sockets of those who are signed out.
   * @returns how many there were
   */
  endSockets(of: SocketSelector): number {
    this.#toldOpenings.forget(of);
    if (of !== 'everyone') for (const sessionId of of) this.refused.endSession(sessionId);
    return this.sockets.closeSignedOut(of);
  }

  /** Has the room report itself, because nobody else could tell the registry of this use. */
  reportLater(usedAt: number): void {
    if (this.state.status === 'absent') return;
    if (this.state.status === 'live') this.#untoldUse.note(usedAt);
    this.reportDue.by(Date.now() + REPORT_INTERVAL_MS);
  }

  /** Tells the registry how the room stands; where that fails, it is tried again. Never rejects. */
  async report(): Promise<void> {
    this.reportDue.done();
    const usedAt = Math.max(this.#lastUsedAt, this.#untoldUse.at);
    const told = await this.#reporter.report(this.state, usedAt, {
      sessionIds: () => this.sockets.sessionIds(),
      endSockets: (of) => this.endSockets(of),
    });
    if (told === 'erased') this.#eraseOrTryAgain();
    else if (told !== null) this.reportDue.by(Date.now() + told);
    else this.#untoldUse.told(usedAt);
  }

  #eraseOrTryAgain(): void {
    try {
      this.erase();
    } catch (error) {
      console.error({ event: 'room of an erased account not emptied yet', error: describeError(error) });
      this.reportDue.by(Date.now() + MAX_REPORT_RETRY_DELAY_MS);
    }
  }
}
