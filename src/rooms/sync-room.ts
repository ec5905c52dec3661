import { DurableObject } from 'cloudflare:workers';
import { CLOSE_CODES, refuseUpgrade, subprotocolHeaders } from '../refuse-upgrade.ts';
import { RoomAlarm } from './alarms.ts';
import {
  CREATED_AT_HEADER,
  type Created,
  type Doc,
  EXPIRES_AT_HEADER,
  type Full,
  type Malformed,
  type NotThere,
  type Reached,
  type RegistryPort,
  type Removed,
  SESSION_ID_HEADER,
  type SocketsOf,
  type Synced,
} from './contract.ts';
import { INCARNATION_HEADER, incarnationOf } from './incarnation.ts';
import {
  QUIET_AFTER_MS,
  REPORT_AFTER_CLOSE_MS,
  REPORT_AFTER_MS,
  type RoomLimits,
  WATCH_EXPIRY_AT_LEAST_EACH_MS,
} from './limits.ts';
import { MessageRate } from './message-rate.ts';
import { CLOSE_REASONS } from './not-there.ts';
import { readFrame, writeStep1, writeStep2, writeUpdate } from './protocol.ts';
import { type CheckedUpdate, readOwnUpdate, readUpdate } from './read-update.ts';
import { Reporter } from './reporter.ts';
import { RoomState } from './room-state.ts';
import { asBytes } from './rpc-bytes.ts';
import { CREDENTIAL_EXPIRED, Sockets } from './sockets.ts';
import { isStateVector } from './updates.ts';
import { Versions } from './versions.ts';

/** What the kinds of rooms build on. */
export interface RoomInside {
  readonly state: RoomState;
  readonly versions: Versions;
  /** Notes a use of a room that is there, and gives its time in Unix milliseconds. */
  enter(incarnation: string | null): number | NotThere;
  /** What every call brings back. */
  reached(now: number): Reached;
  /** Stores an update that was made here, then shows it to every socket; false where there is no space left for it. */
  edit(update: Uint8Array, now: number): boolean;
}

/**
 * The Durable Object of a room: turns calls, frames and alarms into calls of `RoomState` and `Sockets`.
 * Keeps two promises: what a peer, a 2xx or an acknowledgement shows is stored (the platform's output gate holds
 * everything that is sent until the writes before it are durable), and undecodable bytes change nothing.
 */
export abstract class SyncRoom<Env> extends DurableObject<Env> {
  readonly #state: RoomState;
  readonly #sockets: Sockets;
  readonly #alarm: RoomAlarm;
  readonly #reporter: Reporter;
  readonly #limits: RoomLimits;
  readonly #rate: MessageRate<WebSocket>;
  readonly #versions: Versions;
  readonly #keepsVersions: boolean;
  /** An own property of the instance: RPC reaches methods, and not these. */
  protected readonly inside: RoomInside;
  /** Unix milliseconds of the last use that this instance saw; 0 after waking up. */
  #lastUsedAt = 0;

  constructor(
    ctx: DurableObjectState,
    env: Env,
    registry: RegistryPort,
    options: { collectGarbage: boolean; limits: RoomLimits },
  ) {
    super(ctx, env);
    this.#limits = options.limits;
    this.#rate = new MessageRate(options.limits.maxMessagesPerSecond);
    this.#reporter = new Reporter(registry, ctx.id);
    this.#state = new RoomState(ctx.storage, options);
    this.#sockets = new Sockets(ctx);
    this.#alarm = new RoomAlarm(ctx.storage);
    this.#versions = new Versions(ctx.storage, this.#state);
    // Where garbage is collected, an earlier state cannot be had from a later one.
    this.#keepsVersions = !options.collectGarbage;
    this.inside = {
      state: this.#state,
      versions: this.#versions,
      enter: (incarnation) => this.#enter(incarnation),
      reached: (now) => this.#reached(now),
      edit: (update, now) => this.#receiveUpdate(readOwnUpdate(update), null, now),
    };
    void ctx.blockConcurrencyWhile(() => this.#alarm.load());
  }

  /**
   * `PUT`: creates the room, or recreates a deleted one, empty.
   * @param readmits whether content of earlier incarnations may come back
   */
  create(readmits = false): Created {
    const now = this.#use();
    const created = this.#ensure(now);
    if (readmits) this.#state.readmitFormer();
    return { ...this.#reached(now), created };
  }

  /**
   * `GET`: the whole state; `data` is `null` where `etags` names what there is, as `*` does (RFC 9110, 13.1.2).
   * @param incarnation the one that the client knows, here as everywhere; `null` where it names none
   */
  getDoc(etags: readonly string[], incarnation: string | null = null): Doc | NotThere {
    const now = this.#enter(incarnation);
    if (typeof now !== 'number') return now;
    const etag = this.#state.etag();
    const reached = { ...this.#reached(now), etag };
    // A poll of a quiet room reads one row, not the document.
    if (etags.includes(etag) || etags.includes('*')) return { ...reached, stateVector: null, data: null };
    return { ...reached, stateVector: this.#state.stateVector(), data: asBytes(this.#state.state()) };
  }

  /**
   * `POST`: stores the client's update and answers with what it lacks; `diff` is `null` only where it provably lacks
   * nothing: it names the very content by its ETag, or its state vector covers all and nothing was ever deleted here.
   * What is malformed changes nothing and brings no room into being.
   */
  sync(
    stateVector: Uint8Array,
    update: Uint8Array,
    etags: readonly string[],
    incarnation: string | null = null,
  ): Synced | NotThere | Malformed | Full {
    if (!isStateVector(stateVector)) return { kind: 'malformed', what: 'state vector' };
    const checked = readUpdate(update);
    if (checked === null) return { kind: 'malformed', what: 'update (v1)' };
    const refusal = this.#refusal(incarnation);
    if (refusal !== null) return { kind: refusal };
    if (this.#state.isFormer({ stateVector, update: checked })) return { kind: 'former' };
    const now = this.#use();
    this.#ensure(now);
    const had = etags.includes(this.#state.etag());
    if (!this.#receiveUpdate(this.#state.withoutKnown(checked), null, now)) return { kind: 'full' };
    const diff = this.#state.diff(stateVector);
    const lacking = readOwnUpdate(diff);
    const lacksNothing = lacking.inserts === 0 && (had || lacking.deletions.size === 0);
    return {
      ...this.#reached(now),
      etag: this.#state.etag(),
      stateVector: this.#state.stateVector(),
      diff: lacksNothing ? null : asBytes(diff),
    };
  }

  /** `DELETE`: ends every socket, removes the content, keeps the marker. Idempotent. */
  remove(incarnation: string | null = null): Removed {
    if (this.#isAnother(incarnation)) return { kind: 'gone' };
    if (this.#state.life === 'absent') return { kind: 'absent' };
    const now = this.#use();
    if (this.#state.life === 'live') {
      this.#state.delete(now);
      this.#sockets.closeAll(CLOSE_CODES.deleted, CLOSE_REASONS.deleted);
      this.#alarm.request(now + REPORT_AFTER_CLOSE_MS);
    }
    return { kind: 'removed', createdAt: this.#state.createdAt };
  }

  /** For a report of the Worker's that did not land: the room sends its own until one does. */
  reportLater(): void {
    if (this.#state.life !== 'absent') this.#alarm.request(Date.now() + REPORT_AFTER_MS);
  }

  /**
   * Ends the sockets of those who are signed out. Brings nothing into being. Idempotent.
   * @returns how many there were
   */
  endSockets(of: SocketsOf): number {
    return this.#sockets.closeSignedOut(of);
  }

  /** A WebSocket upgrade, of a request whose credential the Worker has checked. */
  override fetch(request: Request): Response {
    const refusal = this.#refusal(request.headers.get(INCARNATION_HEADER));
    if (refusal !== null) return refuseUpgrade(request, CLOSE_CODES.deleted, CLOSE_REASONS[refusal]);
    if (this.#sockets.size >= this.#limits.maxSockets) {
      return refuseUpgrade(
        request,
        CLOSE_CODES.tryAgainLater,
        `the room has ${this.#limits.maxSockets} sockets`,
      );
    }
    const now = this.#use();
    const expiresAt = Number(request.headers.get(EXPIRES_AT_HEADER) ?? Number.NaN);
    const sessionId = request.headers.get(SESSION_ID_HEADER);
    this.#ensure(now);
    const { 0: client, 1: server } = new WebSocketPair();
    this.#sockets.accept(server, { expiresAt: Number.isFinite(expiresAt) ? expiresAt : null, sessionId });
    this.#watchExpiry(now);
    this.#sockets.sendAwareness(server);
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: { ...subprotocolHeaders(request), [CREATED_AT_HEADER]: String(this.#state.createdAt) },
    });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    // What still comes over a socket that was closed from this side counts for nothing.
    if (!this.#sockets.has(socket)) return;
    const now = this.#use();
    if (this.#sockets.isExpired(socket, now)) {
      return this.#sockets.close(socket, CLOSE_CODES.expired, CREDENTIAL_EXPIRED);
    }
    if (typeof message === 'string') {
      return this.#sockets.close(socket, CLOSE_CODES.malformed, 'text frame: only "ping" may be text');
    }
    const { maxPayloadBytes, maxMessagesPerSecond } = this.#limits;
    if (message.byteLength > maxPayloadBytes) {
      return this.#sockets.close(socket, CLOSE_CODES.tooLarge, `frame over ${maxPayloadBytes} bytes`);
    }
    if (!this.#rate.allows(socket, now)) {
      return this.#sockets.close(socket, CLOSE_CODES.tooFast, `over ${maxMessagesPerSecond} frames a second`);
    }
    const bytes = new Uint8Array(message);
    const frame = readFrame(bytes);
    switch (frame.kind) {
      case 'step1':
        if (this.#state.isFormer(frame)) return this.#closeFormer(socket);
        this.#sockets.send(socket, writeStep2(this.#state.diff(frame.stateVector)));
        // The answer to ours brings what the client wrote while it was away (y-protocols, PROTOCOL.md).
        this.#sockets.send(socket, writeStep1(this.#state.stateVector()));
        break;
      case 'update':
        if (this.#state.isFormer(frame)) return this.#closeFormer(socket);
        if (!this.#receiveUpdate(frame.update, socket, now)) {
          const { maxRoomBytes } = this.#limits;
          return this.#sockets.close(socket, CLOSE_CODES.full, `the room may store ${maxRoomBytes} bytes`);
        }
        break;
      case 'awareness':
        if (!this.#sockets.receiveAwareness(socket, frame.entries)) {
          return this.#sockets.close(socket, CLOSE_CODES.tooLarge, 'too much awareness');
        }
        break;
      case 'query-awareness':
        this.#sockets.sendAwareness(socket);
        break;
      case 'sync-status':
        this.#sockets.send(socket, bytes);
        break;
      case 'malformed':
        return this.#sockets.close(socket, CLOSE_CODES.malformed, frame.reason);
    }
    this.#sockets.keepAlive(socket, now);
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#left(socket);
    // The closing handshake is ours to complete, or the client waits for it.
    if (socket.readyState === WebSocket.CLOSING) socket.close(maySend(code) ? code : 1000);
  }

  override webSocketError(socket: WebSocket): void {
    this.#left(socket);
  }

  /**
   * Ends sockets whose credential has, reports, makes a version, compacts. Compaction comes last, because it alone can take more than
   * there is: whatever happens to it, the rest was done. Never throws: what failed is asked for again.
   */
  override async alarm(): Promise<void> {
    this.#alarm.fired();
    const now = Date.now();
    this.#sockets.closeExpired(now);
    await this.#report();
    this.#watchExpiry(now);
    this.#makeVersionIfDue();
    await this.#compactIfDue();
  }

  #makeVersionIfDue(): void {
    const dueAt = this.#keepsVersions ? this.#versions.automaticDueAt() : null;
    if (dueAt === null) return;
    const now = Date.now();
    if (dueAt > now) return this.#alarm.request(dueAt);
    try {
      this.#versions.createAutomatic(now);
      this.#alarm.request(now + REPORT_AFTER_CLOSE_MS);
    } catch (error) {
      console.error({ event: 'no version made', doName: this.ctx.id.name, error: String(error) });
    }
  }

  async #compactIfDue(): Promise<void> {
    const due = this.#state.compactionDue();
    if (due === 'no') return;
    const quietAt = this.#state.lastEditAt + QUIET_AFTER_MS;
    if (due === 'when quiet' && quietAt > Date.now()) return this.#alarm.request(quietAt);
    try {
      await this.#state.announceCompaction();
      // The size is another one now, and the registry should hear of it.
      if (this.#state.compact()) this.#alarm.request(Date.now() + REPORT_AFTER_CLOSE_MS);
    } catch (error) {
      console.error({ event: 'compaction failed', doName: this.ctx.id.name, error: String(error) });
    }
  }

  /** Why a client that names this incarnation, or none, is not let in; `null`: it is. */
  #refusal(incarnation: string | null): 'deleted' | 'gone' | null {
    if (this.#state.life === 'deleted') return 'deleted';
    return this.#isAnother(incarnation) ? 'gone' : null;
  }

  #isAnother(incarnation: string | null): boolean {
    return incarnation !== null && incarnation !== incarnationOf(this.#state.createdAt);
  }

  #closeFormer(socket: WebSocket): void {
    this.#sockets.close(socket, CLOSE_CODES.deleted, CLOSE_REASONS.former);
  }

  #enter(incarnation: string | null): number | NotThere {
    const refusal = this.#refusal(incarnation);
    if (refusal !== null) return { kind: refusal };
    return this.#state.life === 'absent' ? { kind: 'absent' } : this.#use();
  }

  #use(): number {
    this.#lastUsedAt = Date.now();
    return this.#lastUsedAt;
  }

  /** Brings the room to life where it is not; a new one reports itself even if nobody ever writes. */
  #ensure(now: number): boolean {
    if (this.#state.life === 'live') return false;
    this.#state.create(now);
    this.#reporter.forget();
    this.#alarm.request(now + REPORT_AFTER_MS);
    return true;
  }

  #watchExpiry(now: number): void {
    const next = this.#sockets.nextExpiry();
    if (next !== null) this.#alarm.request(Math.min(next, now + WATCH_EXPIRY_AT_LEAST_EACH_MS));
  }

  #left(socket: WebSocket): void {
    const now = this.#use();
    this.#sockets.forget(socket);
    if (this.#sockets.size === 0) this.#alarm.request(now + REPORT_AFTER_CLOSE_MS);
  }

  /**
   * Stores, then shows to every other socket.
   * @returns false where the room has no space left for it, and nothing happened
   */
  #receiveUpdate(update: CheckedUpdate, from: WebSocket | null, now: number): boolean {
    // Deletions are let in: they are how space is made.
    if (
      update.inserts > 0 &&
      this.#state.storageBytes + update.bytes.byteLength > this.#limits.maxRoomBytes
    ) {
      return false;
    }
    const stored = this.#state.append(update, now);
    if (stored === null) return true;
    // Compaction builds documents, which has no place on the path of an edit.
    this.#alarm.request(this.#state.compactionDue() === 'now' ? now : now + REPORT_AFTER_MS);
    this.#sockets.broadcast(writeUpdate(stored.bytes), from);
    return true;
  }

  #reached(now: number): Reached {
    const measured = this.#state.measure(now);
    const who = this.#reporter.whoTells(measured);
    if (who === 'room later') this.#alarm.request(now + REPORT_AFTER_MS);
    return { kind: 'reached', createdAt: this.#state.createdAt, isNews: who === 'worker', ...measured };
  }

  async #report(): Promise<void> {
    const retryInMs = await this.#reporter.report(this.#state, this.#lastUsedAt, this.#sockets);
    if (retryInMs !== null) this.#alarm.request(Date.now() + retryInMs);
  }
}

/** Whether a close frame may carry this code (RFC 6455, 7.4; the runtime throws for any other). */
function maySend(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
