import type { Caller } from '../env.ts';
import { MAX_IMMEDIATE_REFUSALS_OF_USER } from '../refusal-limits.ts';
import { CLOSE_CODES, type CloseCode } from '../refuse-upgrade.ts';
import { RepeatedRefusals, type Refusal } from '../repeated-refusals.ts';

/** Sessions that are remembered as ended. */
const MAX_ENDED_SESSIONS = 1_000;
/** What a close frame may carry, in characters of ASCII (RFC 6455, 5.5). */
const MAX_REASON_CHARACTERS = 123;

/**
 * Which clients had sockets closed for what they sent, in memory alone. Clients that reconnect after every close send the same
 * again: their next upgrades are delayed by the Worker. They are not judged before that, so they may come again: 1013.
 */
export class RefusedSockets {
  readonly #refusals = new RepeatedRefusals();
  /** By the user, of clients that are no repeats by their request: they may come with another credential each time. */
  readonly #refusalsOfUsers = new RepeatedRefusals(MAX_IMMEDIATE_REFUSALS_OF_USER);
  readonly #callers = new WeakMap<WebSocket, Caller>();
  readonly #endedSessions = new Set<string>();

  /** @param caller `null`: the Worker does not know */
  opened(socket: WebSocket, caller: Caller | null, now: number): void {
    if (caller === null) return;
    this.#callers.set(socket, caller);
    // This room may have slept while the Worker held the client.
    if (caller.isRepeating) this.#refusals.noteRepeating(caller.byRequest, now);
  }

  /** Notes that a socket is closed for what it sent. */
  note(socket: WebSocket, code: CloseCode, reason: string, now: number): void {
    this.#note(socket, { code, reason }, now);
  }

  /** Why an upgrade is delayed and not judged; `null`: it is judged. */
  delay(caller: Caller | null, now: number): Refusal | null {
    if (caller === null) return null;
    const { byRequest, byUser } = caller;
    const own = this.#refusals.repeated(byRequest, now);
    const repeated = own ?? (byUser === null ? null : this.#refusalsOfUsers.repeated(byUser, now));
    if (repeated === null) return null;
    const reason = `wait some seconds: closed repeatedly with ${repeated.code}, ${repeated.reason}`;
    return { code: CLOSE_CODES.tryAgainLater, reason: reason.slice(0, MAX_REASON_CHARACTERS) };
  }

  /** A session that has ended opens no further socket here. */
  endSession(sessionId: string): void {
    this.#endedSessions.add(sessionId);
    const [oldest] = this.#endedSessions;
    if (this.#endedSessions.size > MAX_ENDED_SESSIONS && oldest !== undefined)
      this.#endedSessions.delete(oldest);
  }

  hasEnded(sessionId: string | null): boolean {
    return sessionId !== null && this.#endedSessions.has(sessionId);
  }

  #note(socket: WebSocket, refusal: Refusal, now: number): void {
    const caller = this.#callers.get(socket);
    if (caller === undefined) return;
    const isRepeat = this.#refusals.note(caller.byRequest, refusal, now);
    if (!isRepeat && caller.byUser !== null) this.#refusalsOfUsers.note(caller.byUser, refusal, now);
  }
}
