import type { Caller } from '../../domain/env.ts';
import { MAX_IMMEDIATE_REFUSALS_OF_USER } from '../../lib/refusal-limits.ts';
import { CLOSE_CODES } from '../../lib/refuse-upgrade.ts';
import { RepeatedRefusals, type Refusal } from '../../lib/repeated-refusals.ts';
import type { Damage } from '../storage/damage.ts';
import { TooLargeMessages } from './too-large-messages.ts';

/** Sessions that are remembered as ended. */
const MAX_ENDED_SESSIONS = 1_000;
/** What a close frame may carry, in characters of ASCII (RFC 6455, 5.5). */
const MAX_REASON_CHARACTERS = 123;

const TOO_LARGE: Refusal & { readonly isRepeat: boolean } = {
  code: CLOSE_CODES.tooLarge,
  reason: 'a message over 32 MiB was sent, and cannot be received',
  isRepeat: false,
};

/**
 * Which clients had sockets closed for what they sent. Clients that reconnect after every close send the same again: their next
 * upgrades are refused without being judged.
 */
export class RefusedSockets {
  readonly #refusals = new RepeatedRefusals();
  /** By the user, of clients that are no repeats by their request: they may come with another credential each time. */
  readonly #refusalsOfUsers = new RepeatedRefusals(MAX_IMMEDIATE_REFUSALS_OF_USER);
  readonly #tooLarge: TooLargeMessages;
  readonly #endedSessions = new Set<string>();

  constructor(kv: SyncKvStorage, damage: Damage) {
    this.#tooLarge = new TooLargeMessages(kv, damage);
  }

  /** A socket is accepted. This room may have slept while the Worker held the client. */
  opened(caller: Caller | null, now: number): void {
    if (caller?.isRepeating === true) this.#refusals.noteRepeating(caller.byRequest, now);
  }

  /**
   * Notes that a socket is closed for what it sent.
   * @param caller `null`: the Worker does not know
   */
  note(caller: Caller | null, refusal: Refusal, now: number): void {
    if (caller === null) return;
    const isRepeat = this.#refusals.note(caller.byRequest, refusal, now);
    if (!isRepeat && caller.byUser !== null) this.#refusalsOfUsers.note(caller.byUser, refusal, now);
  }

  /** Notes that the platform has closed a socket for the size of a message. */
  noteTooLargeForPlatform(caller: Caller | null, now: number): void {
    if (caller !== null) this.#tooLarge.note(caller.byRequest, now);
  }

  /**
   * Why an upgrade is refused without being judged; `null`: it is judged. The Worker delays a client that was closed repeatedly.
   * The client may come again, because it may have something else to send: 1013.
   */
  refusalOf(caller: Caller | null, now: number): (Refusal & { readonly isRepeat: boolean }) | null {
    if (caller === null) return null;
    const { byRequest, byUser } = caller;
    // This is the first occasion on which the client can get the code.
    if (this.#tooLarge.isSender(byRequest, now)) return TOO_LARGE;
    const repeated =
      this.#refusals.repeated(byRequest, now) ??
      (byUser === null ? null : this.#refusalsOfUsers.repeated(byUser, now));
    if (repeated === null) return null;
    const reason = `wait some seconds: closed repeatedly with ${repeated.code}, ${repeated.reason}`;
    return {
      code: CLOSE_CODES.tryAgainLater,
      reason: reason.slice(0, MAX_REASON_CHARACTERS),
      isRepeat: true,
    };
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
