import type { Caller } from '../../domain/env.ts';
import { MAX_IMMEDIATE_REFUSALS_OF_USER } from '../../lib/refusals/refusal-limits.ts';
import { CLOSE_CODES } from '../../lib/refusals/refuse-upgrade.ts';
import { RepeatedRefusals, type SocketRefusal } from '../../lib/refusals/repeated-refusals.ts';
import type { Damage } from '../storage/damage.ts';
import { TooLargeMessages } from './too-large-messages.ts';

/** Ended sessions that a room remembers. */
const MAX_ENDED_SESSIONS = 1_000;
/** The limit of a close frame (RFC 6455, 5.5) for ASCII. */
const MAX_REASON_CHARACTERS = 123;

interface UpgradeRefusal extends SocketRefusal {
  readonly isRepeat: boolean;
}

const TOO_LARGE: UpgradeRefusal = {
  code: CLOSE_CODES.tooLarge,
  reason: 'A message over 32 MiB was sent. Send smaller messages.',
  isRepeat: false,
};

/**
 * Clients whose sockets were closed because of what they sent. Clients that reconnect after every close send the same again, so
 * their next upgrades are refused without a check.
 */
export class RefusedSockets {
  readonly #refusals = new RepeatedRefusals();
  /** By user, for clients that send a new credential each time. */
  readonly #userRefusals = new RepeatedRefusals(MAX_IMMEDIATE_REFUSALS_OF_USER);
  readonly #tooLarge: TooLargeMessages;
  readonly #endedSessions = new Set<string>();

  constructor(kv: SyncKvStorage, damage: Damage) {
    this.#tooLarge = new TooLargeMessages(kv, damage);
  }

  /** Takes over what the Worker knows of an accepted client, because the room may have been evicted since the refusals. */
  recordAccepted(caller: Caller | null, now: number): void {
    if (caller?.isRepeating === true) this.#refusals.markRepeating(caller.byRequest, now);
  }

  /**
   * Records that a socket was closed because of what it sent.
   * @param caller `null` if the Worker does not know the client
   */
  record(caller: Caller | null, refusal: SocketRefusal, now: number): void {
    if (caller === null) return;
    const isRepeat = this.#refusals.record(caller.byRequest, refusal, now);
    if (!isRepeat && caller.byUser !== null) this.#userRefusals.record(caller.byUser, refusal, now);
  }

  /** Records that the platform closed a socket because of a message over its limit. */
  recordTooLarge(caller: Caller | null, now: number): void {
    if (caller !== null) this.#tooLarge.record(caller.byRequest, now);
  }

  /**
   * Why an upgrade is refused without a check; `null` if it must be checked. The Worker holds upgrades of such clients. The code
   * is 1013, because the client may have something else to send next time.
   */
  getRefusal(caller: Caller | null, now: number): UpgradeRefusal | null {
    if (caller === null) return null;
    const { byRequest, byUser } = caller;
    // The platform closed with 1009, so the client gets the code here for the first time.
    if (this.#tooLarge.hasSent(byRequest, now)) return TOO_LARGE;
    const repeated =
      this.#refusals.getRepeated(byRequest, now) ??
      (byUser === null ? null : this.#userRefusals.getRepeated(byUser, now));
    if (repeated === null) return null;
    const reason = `Wait some seconds: closed repeatedly with ${repeated.code}, ${repeated.reason}`;
    return {
      code: CLOSE_CODES.tryAgainLater,
      reason: reason.slice(0, MAX_REASON_CHARACTERS),
      isRepeat: true,
    };
  }

  /** Refuses further sockets of an ended session. */
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
