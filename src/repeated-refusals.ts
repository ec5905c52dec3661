import type { CloseCode } from './refuse-upgrade.ts';

/** How a WebSocket upgrade was refused, or an accepted socket was closed for what it sent. */
export interface Refusal {
  readonly code: CloseCode;
  readonly reason: string;
}

/**
 * A caller's first refusals are immediate, so that a client that stops on them learns the code at once, also in several tabs.
 * Those after them are repeats: the client comes back whatever it is answered.
 */
export const MAX_IMMEDIATE_REFUSALS = 3;
/** A refusal is repeated without being judged again for this long, in milliseconds. */
export const JUDGE_AGAIN_AFTER_MS = 15_000;
/** A caller that was not refused for this long starts again with immediate refusals, in milliseconds. */
const FORGET_AFTER_MS = 30_000;
/** Callers that are remembered, about 300 bytes each: the one refused longest ago is forgotten first. */
const MAX_CALLERS = 10_000;

interface Caller {
  readonly refusal: Refusal;
  readonly count: number;
  /** When the refusal was last judged, and last given. Unix milliseconds. */
  readonly judgedAt: number;
  readonly at: number;
}

/** Which callers were refused lately, in memory alone. */
export class RepeatedRefusals {
  /** By caller, the one refused longest ago first. */
  readonly #callers = new Map<string, Caller>();

  /**
   * Notes a refusal that was judged just now.
   * @param now Unix milliseconds
   * @returns whether it is a repeat
   */
  note(caller: string, refusal: Refusal, now: number, { isRepeat = false } = {}): boolean {
    const count = isRepeat ? MAX_IMMEDIATE_REFUSALS + 1 : this.#countOf(caller, now) + 1;
    this.#set(caller, { refusal, count, judgedAt: now, at: now });
    return count > MAX_IMMEDIATE_REFUSALS;
  }

  /**
   * The refusal that a caller meets again without being judged; `null`: it is to be judged.
   * @param now Unix milliseconds
   */
  repeated(caller: string, now: number): Refusal | null {
    const known = this.#callers.get(caller);
    if (known === undefined || this.#countOf(caller, now) < MAX_IMMEDIATE_REFUSALS) return null;
    if (now - known.judgedAt >= JUDGE_AGAIN_AFTER_MS) return null;
    this.#set(caller, { ...known, at: now });
    return known.refusal;
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
