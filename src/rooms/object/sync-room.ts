import { DurableObject } from 'cloudflare:workers';
import * as Y from 'yjs';
import { CLOSE_CODES, refuseUpgrade, getSubprotocolHeaders } from '../../lib/refuse-upgrade.ts';
import {
  CREATED_AT_HEADER,
  type CreateResult,
  type FullState,
  type AlreadyExists,
  EXPIRES_AT_HEADER,
  SHOULD_RECORD_HEADER,
  type CompactResult,
  type RoomFull,
  type Malformed,
  MUST_CREATE_HEADER,
  MUST_EXIST_HEADER,
  type MustCreate,
  type RoomRefusal,
  type RegistryPort,
  type RemoveResult,
  SESSION_ID_HEADER,
  type SocketSelector,
  type SyncResult,
  type TooManyRanges,
  IS_OBSERVER_HEADER,
} from '../contract/contract.ts';
import { readCaller } from '../contract/caller-headers.ts';
import { compactNow } from './compact-now.ts';
import { describeRoom } from './describe-room.ts';
import type { Description } from '../contract/description.ts';
import { runAlarmTasks } from './alarm-tasks.ts';
import { INCARNATION_HEADER } from '../../domain/incarnation.ts';
import { DESCRIBE_DELAY_MS } from '../limits/room-limits.ts';
import { MessageRate } from '../sync/message-rate.ts';
import { receiveMessage } from './messages.ts';
import { closeAfterFailure } from './close-after-failure.ts';
import { logFailure } from './log-failure.ts';
import { ROOM_REFUSALS } from '../contract/room-refusals.ts';
import { type CheckedUpdate, checkUpdate } from '../../yjs/read-update.ts';
import { Room, type RoomOptions } from './room.ts';
import { toRpcBytes } from './rpc-bytes.ts';
import { SIGNED_OUT } from '../sync/sockets.ts';
import { isStateVector } from '../../yjs/updates.ts';
import { describeError } from '../../lib/log-text.ts';

/** In workerd's error for a received message over `MAX_PLATFORM_MESSAGE_BYTES`. */
const PLATFORM_TOO_LARGE = 'statusCode = 1009';

/**
 * The Durable Object of a room: what the Worker calls, what the platform tells of its sockets, and its alarm.
 */
export abstract class SyncRoom<Env> extends DurableObject<Env> {
  readonly #rate: MessageRate<WebSocket>;
  /** An own property of the instance: RPC reaches methods, and not these. */
  protected readonly room: Room;

  constructor(ctx: DurableObjectState, env: Env, registry: RegistryPort, options: RoomOptions) {
    super(ctx, env);
    this.#rate = new MessageRate(options.limits.maxMessagesPerSecond);
    this.room = new Room(ctx, registry, options);
    void ctx.blockConcurrencyWhile(() => this.room.alarm.load());
  }

  /**
   * `PUT`: creates the room, or recreates a deleted one, empty.
   * @param readmits whether content of earlier incarnations may come back
   * @param mayCreate `false`: only a room that is there; a Worker of the previous release leaves it out
   * @param incarnation what to name the new incarnation; a call that is made again, because its answer was lost, names the same
   */
  create(readmits?: boolean, mayCreate?: true, incarnation?: string): CreateResult;
  create(readmits: boolean, mayCreate: boolean, incarnation?: string): CreateResult | MustCreate;
  create(readmits = false, mayCreate = true, incarnation?: string): CreateResult | MustCreate {
    if (!mayCreate && this.room.state.status !== 'live') return { kind: 'must create' };
    const now = this.room.beginCall();
    const created = this.room.createIfMissing(now, incarnation) || this.#isCreatedAs(incarnation);
    if (readmits) this.room.state.readmitFormerContent();
    return { ...this.room.createResult(now), created };
  }

  /**
   * `PUT` with content: creates the room, or recreates a deleted one, with an update as its content. In one transaction, so
   * there is never a room without it. What is refused changes nothing.
   * @param readmits as of `create`, like `mayCreate` and `incarnation`
   */
  createWith(
    update: Uint8Array,
    readmits: boolean,
    mayCreate: boolean,
    incarnation?: string,
  ): CreateResult | AlreadyExists | RoomRefusal | Malformed | TooManyRanges | RoomFull | MustCreate {
    const checked = this.#check(update);
    if (checked === 'too large') return { kind: 'too many entries' };
    if (checked === 'malformed') return { kind: 'malformed', what: 'update (v1)' };
    if (this.#isCreatedAs(incarnation))
      return { ...this.room.createResult(this.room.beginCall()), created: true };
    if (this.room.state.status === 'live') return this.#exists(checked);
    if (!readmits && this.room.state.hasFormerContent({ update: checked })) return { kind: 'former' };
    if (!this.room.edits.hasSpaceFor(checked)) return { kind: 'full' };
    if (!mayCreate) return { kind: 'must create' };
    const now = this.room.beginCall();
    try {
      this.ctx.storage.transactionSync(() => {
        this.room.createIfMissing(now, incarnation);
        if (readmits) this.room.state.readmitFormerContent();
        this.room.edits.store(checked, null, now);
      });
    } catch (error) {
      // What the instance remembers may be more than what is stored.
      this.ctx.abort(`the room was not created: ${describeError(error)}`);
      throw error;
    }
    return { ...this.room.createResult(now), created: true };
  }

  /**
   * `GET`: the whole state; `data` is `null` where `etags` names what there is, as `*` does (RFC 9110, 13.1.2).
   * @param incarnation the one that the client knows, here as everywhere; `null` where it names none
   */
  getDoc(etags: readonly string[], incarnation: string | null = null): FullState | RoomRefusal {
    const now = this.room.beginCallOrRefuse(incarnation);
    if (typeof now !== 'number') return now;
    const etag = this.room.state.etag();
    const reached = { ...this.room.createResult(now), etag };
    // A poll of a quiet room reads one row, not the document.
    if (etags.includes(etag) || etags.includes('*')) return { ...reached, stateVector: null, data: null };
    return {
      ...reached,
      stateVector: this.#stateVector(),
      data: toRpcBytes(this.room.state.content.readAll()),
    };
  }

  /**
   * `POST`: stores the client's update and answers with what it lacks; `diff` is `null` only where it provably lacks
   * nothing: it names the very content by its ETag, or its state vector covers all and nothing was ever deleted here.
   * What is refused changes nothing and brings no room into being.
   * @param mayCreate as in `create`
   */
  sync(
    stateVector: Uint8Array,
    update: Uint8Array,
    etags: readonly string[],
    incarnation: string | null = null,
    mayCreate = true,
  ): SyncResult | RoomRefusal | Malformed | TooManyRanges | RoomFull | MustCreate {
    if (!isStateVector(stateVector)) return { kind: 'malformed', what: 'state vector' };
    const checked = this.#check(update);
    if (checked === 'too large') return { kind: 'too many entries' };
    if (checked === 'malformed') return { kind: 'malformed', what: 'update (v1)' };
    const refusal = this.room.getRefusal(incarnation);
    if (refusal !== null) return { kind: refusal };
    if (this.room.state.hasFormerContent({ stateVector, update: checked })) return { kind: 'former' };
    if (this.room.state.status !== 'live' && !this.room.edits.hasSpaceFor(checked)) return { kind: 'full' };
    if (!mayCreate && this.room.state.status !== 'live') return { kind: 'must create' };
    const now = this.room.beginCall();
    this.room.createIfMissing(now);
    const had = etags.includes(this.room.state.etag());
    if (!this.room.edits.store(this.room.state.content.withoutStored(checked), null, now))
      return { kind: 'full' };
    const lacking = this.room.state.content.readMissing(Y.decodeStateVector(stateVector));
    const lacksNothing = lacking.structCount === 0 && (had || lacking.deleteRanges.size === 0);
    return {
      ...this.room.createResult(now),
      etag: this.room.state.etag(),
      stateVector: this.#stateVector(),
      diff: lacksNothing ? null : toRpcBytes(lacking),
    };
  }

  /** How the room stands. No use of it; closes the sockets of clients that have vanished, and changes nothing else. */
  async describe(): Promise<Description> {
    this.room.edits.settle();
    if (this.room.sockets.askSilent(Date.now()) > 0) await scheduler.wait(DESCRIBE_DELAY_MS);
    return describeRoom(this.room);
  }

  /** Compacts the room now, not when it is due. */
  compact(incarnation: string | null = null): Promise<CompactResult | RoomRefusal> {
    return compactNow(this.room, incarnation);
  }

  /** `DELETE`: ends every socket, removes the content, keeps the marker. Idempotent. */
  remove(incarnation: string | null = null): RemoveResult {
    const refusal = this.room.getRefusal(incarnation);
    if (refusal === 'absent' || refusal === 'gone') return { kind: refusal };
    this.room.delete();
    return this.#removed();
  }

  /** As `remove`, because the owner's account is erased: every socket is ended as signed out. */
  erase(): RemoveResult {
    this.room.erase();
    return this.#removed();
  }

  /**
   * For a report of the Worker's that did not land: the room sends its own until one does.
   * @param usedAt Unix milliseconds of the use that the Worker would have told
   */
  reportLater(usedAt: number): void {
    this.room.reports.recordingFailed(usedAt);
  }

  /**
   * Ends the sockets of those who are signed out. Brings nothing into being. Idempotent.
   * @returns how many there were
   */
  endSockets(of: SocketSelector): number {
    return this.room.endSockets(of);
  }

  /** A WebSocket upgrade, of a request whose credential the Worker has checked. */
  override fetch(request: Request): Response {
    const refusal = this.room.getRefusal(request.headers.get(INCARNATION_HEADER));
    if (refusal !== null)
      return refuseUpgrade(request, ROOM_REFUSALS[refusal].code, ROOM_REFUSALS[refusal].reason);
    if (request.headers.has(MUST_EXIST_HEADER) && this.room.state.status !== 'live') {
      return new Response(null, { status: 404, headers: { [MUST_CREATE_HEADER]: 'true' } });
    }
    const watches = request.headers.has(IS_OBSERVER_HEADER);
    const now = Date.now();
    this.room.sockets.askSilent(now);
    if (!this.room.sockets.hasSpaceFor(watches, this.room.limits.maxSockets, now)) {
      return refuseUpgrade(
        request,
        CLOSE_CODES.tryAgainLater,
        `the room has ${this.room.limits.maxSockets} ${watches ? 'observers' : 'sockets'}`,
      );
    }
    const sessionId = request.headers.get(SESSION_ID_HEADER);
    if (this.room.refused.hasEnded(sessionId))
      return refuseUpgrade(request, CLOSE_CODES.unauthenticated, SIGNED_OUT);
    const caller = readCaller(request.headers);
    const again = this.room.refused.refusalOf(caller, now);
    if (again !== null) return refuseUpgrade(request, again.code, again.reason, again);
    this.room.beginCall();
    const expiresAt = Number(request.headers.get(EXPIRES_AT_HEADER) ?? Number.NaN);
    this.room.createIfMissing(now);
    const { 0: client, 1: server } = new WebSocketPair();
    this.room.sockets.accept(server, {
      expiresAt: Number.isFinite(expiresAt) ? expiresAt : null,
      sessionId,
      ...(watches && { watches }),
      ...(caller !== null && { caller }),
    });
    this.room.refused.opened(caller, now);
    this.room.requestExpiryCheck(now);
    return new Response(null, {
      status: 101,
      webSocket: client,
      headers: {
        ...getSubprotocolHeaders(request),
        [CREATED_AT_HEADER]: String(this.room.state.createdAt),
        [INCARNATION_HEADER]: this.room.state.incarnation,
        ...(this.room.reports.opened(sessionId, now) && { [SHOULD_RECORD_HEADER]: 'true' }),
      },
    });
  }

  override webSocketMessage(socket: WebSocket, message: string | ArrayBuffer): void {
    try {
      receiveMessage(this.room, this.#rate, socket, message);
    } catch (error) {
      closeAfterFailure(this.room, socket, message, error);
    }
  }

  override webSocketClose(socket: WebSocket, code: number): void {
    this.#leave(socket);
    // The closing handshake is ours to complete, or the client waits for it.
    if (socket.readyState === WebSocket.CLOSING) socket.close(isSendableCloseCode(code) ? code : 1000);
  }

  override webSocketError(socket: WebSocket, error: unknown): void {
    // The platform has closed the socket with 1009; a close of ours does not reach the client any more.
    if (String(error).includes(PLATFORM_TOO_LARGE) && this.room.state.status === 'live')
      this.room.refused.noteTooLargeForPlatform(this.room.sockets.callerOf(socket), Date.now());
    this.#leave(socket);
  }

  /** Never rejects: the platform would ring again, six times, for what fails again. */
  override async alarm(): Promise<void> {
    try {
      await runAlarmTasks(this.room);
    } catch (error) {
      logFailure('alarm_failed', this.room.name, null, error);
    }
  }

  #leave(socket: WebSocket): void {
    try {
      this.room.leave(socket);
    } catch (error) {
      logFailure('socket_leave_failed', this.room.name, null, error);
    }
  }

  #check(update: Uint8Array): ReturnType<typeof checkUpdate> {
    try {
      return checkUpdate(update);
    } catch (error) {
      logFailure('update_check_failed', this.room.name, update, error);
      throw error;
    }
  }

  /** Whether an earlier attempt of the same call has created the room. */
  #isCreatedAs(incarnation: string | undefined): boolean {
    return this.room.state.status === 'live' && this.room.state.incarnation === incarnation;
  }

  #exists(update: CheckedUpdate): AlreadyExists {
    this.room.beginCall();
    const { createdAt, incarnation } = this.room.state;
    return {
      kind: 'exists',
      createdAt,
      incarnation,
      etag: this.room.state.etag(),
      stateVector: this.#stateVector(),
      isStored: this.room.state.content.contains(update),
    };
  }

  #stateVector(): Uint8Array {
    return Y.encodeStateVector(new Map(this.room.state.content.stateVector));
  }

  #removed(): RemoveResult {
    const { status, createdAt } = this.room.state;
    return status === 'absent' ? { kind: 'absent' } : { kind: 'removed', createdAt };
  }
}

/** Whether a close frame may carry this code (RFC 6455, 7.4; the runtime throws for any other). */
function isSendableCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
