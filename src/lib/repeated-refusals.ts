import {
  FORGET_AFTER_MS,
  JUDGE_AGAIN_AFTER_MS,
  MAX_CALLERS,
  MAX_IMMEDIATE_REFUSALS,
} from './refusal-limits.ts';
import type { CloseCode } from './refuse-upgrade.ts';

/** How a WebSocket upgrade was refused, or an accepted socket was closed for what it sent. */
export interface Refusal {
  readonly code: CloseCode;
  readonly reason: string;
}

interface Caller {
  /** `null`: it was refused elsewhere. */
  readonly refusal: Refusal | null;
  readonly count: number;
  /** When the refusal was last judged here (0: never), and last given. Unix milliseconds. */
  readonly judgedAt: number;
  readonly at: number;
}

/** Which callers were refused lately, in memory alone. */
export class RepeatedRefusals {
  /** By caller, the one refused longest ago first. */
  readonly #callers = new Map<string, Caller>();
  readonly #maxImmediate: number;

  constructor(maxImmediate: number = MAX_IMMEDIATE_REFUSALS) {
    this.#maxImmediate = maxImmediate;
  }

  /**
   * Notes a refusal that was judged just now.
   * @param now Unix milliseconds
   * @returns whether it is a repeat
   */
  note(caller: string, refusal: Refusal, now: number, { isRepeat = false } = {}): boolean {
    const count = isRepeat ? this.#maxImmediate + 1 : this.#countOf(caller, now) + 1;
    this.#set(caller, { refusal, count, judgedAt: now, at: now });
    return count > this.#maxImmediate;
  }

  /**
   * The refusal that a caller meets again without being judged; `null`: it is to be judged.
   * @param now Unix milliseconds
   */
  repeated(caller: string, now: number): Refusal | null {
    const known = this.#callers.get(caller);
    if (known === undefined || this.#countOf(caller, now) < this.#maxImmediate) return null;
    if (now - known.judgedAt >= JUDGE_AGAIN_AFTER_MS) return null;
    this.#set(caller, { ...known, at: now });
    return known.refusal;
  }

  /** Notes that a caller was refused repeatedly elsewhere, so that its next refusal is a repeat. */
  noteRepeating(caller: string, now: number): void {
    if (this.isRepeating(caller, now)) return;
    this.#set(caller, { refusal: null, count: this.#maxImmediate, judgedAt: 0, at: now });
  }

  /** Whether the next refusal of a caller is a repeat, also where it is to be judged. */
  isRepeating(caller: string, now: number): boolean {
    return this.#countOf(caller, now) >= this.#maxImmediate;
  }

  #countOf(caller: string, now: number): number {
    const known = this.#callers.get(caller);
    return known === undefined || now - known.at >= FORGET_AFTER_MS ? 0 : known.count;
  }

  #set(caller: string, known: Caller): void {
    this.#callers.delete(caller);
    this.#callers.set(caller, known);
    const [oldest] = this.#callers.keys();
    if (this.#callers.size > MAX_CALLERS && oldest !== undefined) this.#callers.delete(oldest);
  }
}
