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
  readonly #callers = new WeakMap<WebSocket, string>();
  readonly #endedSessions = new Set<string>();

  /** @param caller names the client; `null`: the Worker does not know */
  opened(socket: WebSocket, caller: string | null): void {
    if (caller !== null) this.#callers.set(socket, caller);
  }

  /** Notes that a socket is closed for what it sent. */
  note(socket: WebSocket, code: CloseCode, reason: string, now: number): void {
    const caller = this.#callers.get(socket);
    if (caller !== undefined) this.#refusals.note(caller, { code, reason }, now);
  }

  /** Why an upgrade is delayed and not judged; `null`: it is judged. */
  delay(caller: string | null, now: number): Refusal | null {
    const repeated = caller === null ? null : this.#refusals.repeated(caller, now);
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
}
