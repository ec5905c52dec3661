import * as Y from 'yjs';
import { CLOSE_CODES, type CloseCode } from '../../lib/refusals/refuse-upgrade.ts';
import type { RegistryPort, RoomRefusal, RoomResult, SocketSelector } from '../contract/contract.ts';
import { RoomAlarm } from '../storage/room-alarm.ts';
import { Damage } from '../storage/damage.ts';
import { Edits } from '../sync/edits.ts';
import { logFailure } from './log-failure.ts';
import { isIncarnation } from '../../domain/incarnation.ts';
import { SyncReplies } from '../sync/sending/sync-replies.ts';
import { type RoomLimits } from '../limits/room-limits.ts';
import { MAX_EXPIRY_CHECK_INTERVAL_MS } from '../limits/socket-limits.ts';
import { ROOM_REFUSALS } from '../contract/room-refusals.ts';
import { writeStep1 } from '../sync/protocol.ts';
import { RefusedSockets } from '../sync/refused-sockets.ts';
import { RoomReports } from '../reporting/room-reports.ts';
import { RoomState } from '../storage/room-state.ts';
import { Sockets } from '../sync/sockets.ts';
import { Versions } from '../storage/versions/versions.ts';

const CONTENT_NOT_SENT = 'The room could not read what this client lacks. Connect again.';

export interface RoomOptions {
  /** Whether compaction drops deleted content. Such a room has no versions. */
  readonly collectGarbage: boolean;
  readonly limits: RoomLimits;
}

/**
 * The parts of a room, and what they do together for a call, a frame or an alarm. Everything that is sent was written before,
 * and the platform's output gate holds it back until that is durable: so nothing is seen before it is stored.
 */
export class Room {
  /** The object's name; `undefined` if the object was not created by name. */
  readonly name: string | undefined;
  readonly limits: RoomLimits;
  readonly keepsVersions: boolean;
  readonly state: RoomState;
  readonly sockets: Sockets;
  readonly alarm: RoomAlarm;
  readonly reports: RoomReports;
  readonly versions: Versions;
  readonly syncReplies: SyncReplies;
  readonly edits: Edits;
  readonly refused: RefusedSockets;

  constructor(ctx: DurableObjectState, registry: RegistryPort, { collectGarbage, limits }: RoomOptions) {
    this.name = ctx.id.name;
    this.limits = limits;
    this.keepsVersions = !collectGarbage;
    const damage = new Damage(ctx.id.name);
    this.refused = new RefusedSockets(ctx.storage.kv, damage);
    this.state = new RoomState(ctx.storage, { collectGarbage, damage });
    this.syncReplies = new SyncReplies(this.state);
    this.sockets = new Sockets(ctx, damage, {
      createReply: (stateVector) => this.syncReplies.create(Y.decodeStateVector(stateVector)),
      createReplyAfter: (number) => this.syncReplies.createAfter(number),
      writeStep1: () => writeStep1(Y.encodeStateVector(new Map(this.state.content.stateVector))),
      onFailure: (socket, error) => {
        logFailure('content_not_sent', this.name, null, error);
        this.sockets.close(socket, CLOSE_CODES.tryAgainLater, CONTENT_NOT_SENT);
      },
      onVanished: () => {
        if (this.sockets.size === 0) this.reports.lastSocketClosed(Date.now());
      },
    });
    this.alarm = new RoomAlarm(ctx.storage);
    this.versions = new Versions(ctx.storage, this.state);
    this.reports = new RoomReports(registry, ctx, {
      state: this.state,
      alarm: this.alarm,
      getSessionIds: () => this.sockets.credentials.getSessionIds(),
      endSockets: (selector) => this.endSockets(selector),
      erase: () => this.erase(),
    });
    this.edits = new Edits(this);
  }

  /**
   * Begins a call: stores waiting edits and notes the use.
   * @returns the present time, Unix milliseconds
   */
  beginCall(): number {
    this.edits.settle();
    return this.noteUse();
  }

  /** @returns the present time, Unix milliseconds */
  noteUse(): number {
    const now = Date.now();
    this.reports.used(now);
    this.syncReplies.dropUnused(now);
    return now;
  }

  /** Why a client with this incarnation, or with none, is refused; `null`: it is not. */
  getRefusal(incarnation: string | null): 'absent' | 'deleted' | 'gone' | null {
    const { status } = this.state;
    if (status === 'absent') return incarnation === null ? null : 'absent';
    // Before the deletion marker: it says nothing about the incarnation that the client has.
    if (incarnation !== null && !isIncarnation(incarnation, this.state)) return 'gone';
    return status === 'deleted' ? 'deleted' : null;
  }

  /** As `beginCall`, for calls that need a live room. */
  beginCallOrRefuse(incarnation: string | null): number | RoomRefusal {
    const refusal = this.getRefusal(incarnation);
    if (refusal !== null) return { kind: refusal };
    return this.state.status === 'absent' ? { kind: 'absent' } : this.beginCall();
  }

  /**
   * Creates or recreates the room if it is not live.
   * @param incarnation the id of the new incarnation; random if omitted
   * @returns whether it was created
   */
  createIfMissing(now: number, incarnation?: string): boolean {
    if (this.state.status === 'live') return false;
    this.state.create(now, incarnation);
    this.reports.created(now);
    return true;
  }

  /** Deletes the content, keeps the deletion marker, and closes every socket. Idempotent. */
  delete(): void {
    const now = this.beginCall();
    if (this.state.status !== 'live') return;
    if (this.state.delete(now)) this.alarm.clear();
    this.sockets.closeAll(ROOM_REFUSALS.deleted.code, ROOM_REFUSALS.deleted.reason);
    this.reports.deleted(now);
  }

  /** Deletes the room with its owner's account. Sockets end first, as signed out, even if the deletion fails. */
  erase(): void {
    this.endSockets('everyone');
    this.delete();
  }

  /** A socket has closed. */
  leave(socket: WebSocket): void {
    const now = this.beginCall();
    this.sockets.forget(socket);
    if (this.sockets.size === 0) this.reports.lastSocketClosed(now);
  }

  /** Closes a socket for a message that its client will repeat. */
  refuse(socket: WebSocket, code: CloseCode, reason: string): void {
    this.refused.record(this.sockets.credentials.getCaller(socket), { code, reason }, Date.now());
    this.sockets.close(socket, code, reason);
  }

  /** Requests an alarm for the next expiry of a socket's credential. */
  requestExpiryCheck(now: number): void {
    const next = this.sockets.credentials.getNextExpiry();
    if (next !== null) this.alarm.request(Math.min(next, now + MAX_EXPIRY_CHECK_INTERVAL_MS));
  }

  /** The result of every call of a live room. */
  createResult(now: number): RoomResult {
    const measured = this.state.measure(now);
    const shouldRecord = this.reports.callAnswered(measured, now);
    const { createdAt, incarnation } = this.state;
    return { kind: 'reached', createdAt, incarnation, shouldRecord, ...measured };
  }

  /**
   * Ends the sockets of these sessions.
   * @returns the number of sockets
   */
  endSockets(selector: SocketSelector): number {
    this.reports.sessionsEnded(selector);
    if (selector !== 'everyone') for (const sessionId of selector) this.refused.endSession(sessionId);
    return this.sockets.closeSignedOut(selector);
  }
}
