import {
  REFUSAL_EXPIRY_MS,
  REFUSAL_RECHECK_MS,
  MAX_REFUSED_CALLERS,
  MAX_IMMEDIATE_REFUSALS,
} from './refusal-limits.ts';
import type { CloseCode } from './refuse-upgrade.ts';

/** How a WebSocket upgrade was refused, or an accepted socket was closed because of what it sent. */
export interface SocketRefusal {
  readonly code: CloseCode;
  readonly reason: string;
}

interface Caller {
  /** `null` if another isolate or object refused it. */
  readonly refusal: SocketRefusal | null;
  readonly count: number;
  /** Unix milliseconds of the last check; 0 if there was none here. */
  readonly checkedAt: number;
  /** Unix milliseconds of the last refusal. */
  readonly at: number;
}

/** The recently refused callers. In memory only. */
export class RepeatedRefusals {
  /** Oldest refusal first. */
  readonly #callers = new Map<string, Caller>();
  readonly #maxImmediate: number;

  constructor(maxImmediate: number = MAX_IMMEDIATE_REFUSALS) {
    this.#maxImmediate = maxImmediate;
  }

  /**
   * Records a refusal after a check.
   * @param now Unix milliseconds
   * @returns whether it is a repeat
   */
  record(caller: string, refusal: SocketRefusal, now: number, { isRepeat = false } = {}): boolean {
    const count = isRepeat ? this.#maxImmediate + 1 : this.#getCount(caller, now) + 1;
    this.#set(caller, { refusal, count, checkedAt: now, at: now });
    return count > this.#maxImmediate;
  }

  /**
   * The refusal that a caller gets again without a check; `null` if the caller must be checked.
   * @param now Unix milliseconds
   */
  getRepeated(caller: string, now: number): SocketRefusal | null {
    const known = this.#callers.get(caller);
    if (known === undefined || this.#getCount(caller, now) < this.#maxImmediate) return null;
    if (now - known.checkedAt >= REFUSAL_RECHECK_MS) return null;
    this.#set(caller, { ...known, at: now });
    return known.refusal;
  }

  /** Records that a caller was refused repeatedly elsewhere, so that its next refusal is a repeat. */
  markRepeating(caller: string, now: number): void {
    if (this.isRepeating(caller, now)) return;
    this.#set(caller, { refusal: null, count: this.#maxImmediate, checkedAt: 0, at: now });
  }

  /** Whether the next refusal of the caller is a repeat, with or without a check. */
  isRepeating(caller: string, now: number): boolean {
    return this.#getCount(caller, now) >= this.#maxImmediate;
  }

  #getCount(caller: string, now: number): number {
    const known = this.#callers.get(caller);
    return known === undefined || now - known.at >= REFUSAL_EXPIRY_MS ? 0 : known.count;
  }

  #set(caller: string, known: Caller): void {
    this.#callers.delete(caller);
    this.#callers.set(caller, known);
    const [oldest] = this.#callers.keys();
    if (this.#callers.size > MAX_REFUSED_CALLERS && oldest !== undefined) this.#callers.delete(oldest);
  }
}
