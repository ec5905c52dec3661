import { DurableObject } from 'cloudflare:workers';
import * as Y from 'yjs';
import type {
  CreateResult,
  FullState,
  AlreadyExists,
  CompactResult,
  RoomFull,
  Malformed,
  MustCreate,
  RoomRefusal,
  RegistryPort,
  RemoveResult,
  SocketSelector,
  SyncResult,
  TooManyRanges,
} from '../contract/contract.ts';
import { acceptUpgrade } from './accept-upgrade.ts';
import { compactNow } from './compact-now.ts';
import { describeRoom } from './describe-room.ts';
import type { Description } from '../contract/description.ts';
import { runAlarmTasks } from './alarm-tasks.ts';
import { DESCRIBE_DELAY_MS } from '../limits/room-limits.ts';
import { MessageRate } from '../sync/message-rate.ts';
import { receiveMessage } from './messages.ts';
import { closeAfterFailure } from './close-after-failure.ts';
import { logFailure } from './log-failure.ts';
import { type CheckedUpdate, checkUpdate } from '../../yjs/read-update.ts';
import { Room, type RoomOptions } from './room.ts';
import { toRpcBytes } from './rpc-bytes.ts';
import { isStateVector } from '../../yjs/updates.ts';
import { describeError } from '../../lib/log-text.ts';

/** In workerd's error for a received message over `MAX_PLATFORM_MESSAGE_BYTES`. */
const PLATFORM_TOO_LARGE = 'statusCode = 1009';

/** The Durable Object of a room: RPC methods for the Worker, the platform's socket events, and the alarm. */
export abstract class SyncRoom<Env> extends DurableObject<Env> {
  readonly #rate: MessageRate<WebSocket>;
  /** An instance property, which RPC cannot reach. */
  protected readonly room: Room;

  constructor(ctx: DurableObjectState, env: Env, registry: RegistryPort, options: RoomOptions) {
    super(ctx, env);
    this.#rate = new MessageRate(options.limits.maxMessagesPerSecond);
    this.room = new Room(ctx, registry, options);
    void ctx.blockConcurrencyWhile(() => this.room.alarm.load());
  }

  /**
   * `PUT`: creates the room, or recreates a deleted one, empty.
   * @param readmits whether content of earlier incarnations is accepted
   * @param mayCreate `false`: the room must exist. Workers of the previous release omit it
   * @param incarnation the id of the new incarnation. A retry after a lost response has the same id
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
   * `PUT` with content: creates or recreates the room with an update as its content, in one transaction. A refused call
   * changes nothing. The other parameters are those of `create`.
   */
  createWith(
    update: Uint8Array,
    readmits: boolean,
    mayCreate: boolean,
    incarnation?: string,
  ): CreateResult | AlreadyExists | RoomRefusal | Malformed | TooManyRanges | RoomFull | MustCreate {
    const checked = this.#checkUpdate(update);
    if (checked === 'too large') return { kind: 'too many entries' };
    if (checked === 'malformed') return { kind: 'malformed', what: 'update (v1)' };
    if (this.#isCreatedAs(incarnation))
      return { ...this.room.createResult(this.room.beginCall()), created: true };
    if (this.room.state.status === 'live') return this.#createExistsResult(checked);
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
      // The instance's memory may be ahead of its storage.
      this.ctx.abort(`the room was not created: ${describeError(error)}`);
      throw error;
    }
    return { ...this.room.createResult(now), created: true };
  }

  /**
   * `GET`: the whole state. `data` is `null` if `etags` has the present ETag or `*` (RFC 9110, 13.1.2).
   * @param incarnation the client's; `null` if it names none. The same in all methods
   */
  getDoc(etags: readonly string[], incarnation: string | null = null): FullState | RoomRefusal {
    const now = this.room.beginCallOrRefuse(incarnation);
    if (typeof now !== 'number') return now;
    const etag = this.room.state.getEtag();
    const reached = { ...this.room.createResult(now), etag };
    // A poll of a quiet room reads one row, not the document.
    if (etags.includes(etag) || etags.includes('*')) return { ...reached, stateVector: null, data: null };
    return {
      ...reached,
      stateVector: this.#encodeStateVector(),
      data: toRpcBytes(this.room.state.content.readAll()),
    };
  }

  /**
   * `POST`: stores the client's update and returns what the client lacks. `diff` is `null` only if it provably lacks nothing:
   * it names the present ETag, or its state vector covers everything and nothing was ever deleted. A refused call changes
   * nothing.
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
    const checked = this.#checkUpdate(update);
    if (checked === 'too large') return { kind: 'too many entries' };
    if (checked === 'malformed') return { kind: 'malformed', what: 'update (v1)' };
    const refusal = this.room.getRefusal(incarnation);
    if (refusal !== null) return { kind: refusal };
    if (this.room.state.hasFormerContent({ stateVector, update: checked })) return { kind: 'former' };
    if (this.room.state.status !== 'live' && !this.room.edits.hasSpaceFor(checked)) return { kind: 'full' };
    if (!mayCreate && this.room.state.status !== 'live') return { kind: 'must create' };
    const now = this.room.beginCall();
    this.room.createIfMissing(now);
    const had = etags.includes(this.room.state.getEtag());
    if (!this.room.edits.store(this.room.state.content.withoutStored(checked), null, now))
      return { kind: 'full' };
    const lacking = this.room.state.content.readMissing(Y.decodeStateVector(stateVector));
    const lacksNothing = lacking.structCount === 0 && (had || lacking.deleteRanges.size === 0);
    return {
      ...this.room.createResult(now),
      etag: this.room.state.getEtag(),
      stateVector: this.#encodeStateVector(),
      diff: lacksNothing ? null : toRpcBytes(lacking),
    };
  }

  /** Describes the room. Does not count as a use. Closes the sockets of vanished clients and changes nothing else. */
  async describe(): Promise<Description> {
    this.room.edits.settle();
    if (this.room.sockets.probeSilent(Date.now()) > 0) await scheduler.wait(DESCRIBE_DELAY_MS);
    return describeRoom(this.room);
  }

  /** Compacts the room now. */
  compact(incarnation: string | null = null): Promise<CompactResult | RoomRefusal> {
    return compactNow(this.room, incarnation);
  }

  /** `DELETE`: closes every socket, deletes the content, keeps the deletion marker. Idempotent. */
  remove(incarnation: string | null = null): RemoveResult {
    const refusal = this.room.getRefusal(incarnation);
    if (refusal === 'absent' || refusal === 'gone') return { kind: refusal };
    this.room.delete();
    return this.#createRemoveResult();
  }

  /** As `remove`, because the owner's account is erased. Every socket ends as signed out. */
  erase(): RemoveResult {
    this.room.erase();
    return this.#createRemoveResult();
  }

  /**
   * The Worker failed to record a use: the room reports it until that succeeds.
   * @param usedAt Unix milliseconds
   */
  reportLater(usedAt: number): void {
    this.room.reports.recordingFailed(usedAt);
  }

  /**
   * Ends the sockets of ended sessions. Does not create a room. Idempotent.
   * @returns the number of sockets
   */
  endSockets(of: SocketSelector): number {
    return this.room.endSockets(of);
  }

  /** A WebSocket upgrade. The Worker has checked the credential. */
  override fetch(request: Request): Response {
    return acceptUpgrade(this.room, request);
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
    // The room must complete the closing handshake.
    if (socket.readyState === WebSocket.CLOSING) socket.close(isSendableCloseCode(code) ? code : 1000);
  }

  override webSocketError(socket: WebSocket, error: unknown): void {
    // The platform has closed the socket with 1009, so no close code of the room reaches the client.
    if (String(error).includes(PLATFORM_TOO_LARGE) && this.room.state.status === 'live')
      this.room.refused.recordTooLarge(this.room.sockets.credentials.getCaller(socket), Date.now());
    this.#leave(socket);
  }

  /** Never rejects: the platform would repeat the alarm up to six times. */
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

  #checkUpdate(update: Uint8Array): ReturnType<typeof checkUpdate> {
    try {
      return checkUpdate(update);
    } catch (error) {
      logFailure('update_check_failed', this.room.name, update, error);
      throw error;
    }
  }

  /** Whether an earlier attempt of the same call created the room. */
  #isCreatedAs(incarnation: string | undefined): boolean {
    return this.room.state.status === 'live' && this.room.state.incarnation === incarnation;
  }

  #createExistsResult(update: CheckedUpdate): AlreadyExists {
    this.room.beginCall();
    const { createdAt, incarnation } = this.room.state;
    return {
      kind: 'exists',
      createdAt,
      incarnation,
      etag: this.room.state.getEtag(),
      stateVector: this.#encodeStateVector(),
      isStored: this.room.state.content.contains(update),
    };
  }

  #encodeStateVector(): Uint8Array {
    return Y.encodeStateVector(new Map(this.room.state.content.stateVector));
  }

  #createRemoveResult(): RemoveResult {
    const { status, createdAt } = this.room.state;
    return status === 'absent' ? { kind: 'absent' } : { kind: 'removed', createdAt };
  }
}

/** Whether a close frame may carry this code (RFC 6455, 7.4; the runtime throws for any other). */
function isSendableCloseCode(code: number): boolean {
  return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) || (code >= 3000 && code <= 4999);
}
