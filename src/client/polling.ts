import type { SyncOutcome } from './outcome.ts';

/** Polling intervals in milliseconds: `minMs` after a change, up to `maxMs` without changes. */
export interface PollLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/** Factor of the interval without changes. */
const IDLE_FACTOR = 1.5;
/** Factor of the interval after a failure. */
const FAILURE_FACTOR = 2;
/** Up to this share of an interval is random, so that clients do not poll in step. */
const JITTER = 0.25;

interface PollState {
  /** The last interval without jitter. */
  readonly intervalMs: number;
  readonly outcome: SyncOutcome;
  /** Whether the document may have edits that are not stored. */
  readonly hasUnsent: boolean;
  readonly limits: PollLimits;
  /** From 0 to 1. */
  readonly random: number;
}

/**
 * Decides when to call next.
 * @returns the next interval and the delay with jitter; `null` to stop polling
 */
export function getNextPoll(state: PollState): { intervalMs: number; delayMs: number } | null {
  const intervalMs = getNextInterval(state);
  if (intervalMs === null) return null;
  const { outcome, random } = state;
  const retryAfterMs = outcome.kind === 'synced' ? 0 : (outcome.retryAfterMs ?? 0);
  const delayMs = intervalMs * (1 - JITTER * random);
  // Jitter must not make the call earlier than `Retry-After`.
  return { intervalMs, delayMs: Math.max(delayMs, retryAfterMs * (1 + JITTER * random)) };
}

function getNextInterval({ intervalMs, outcome, hasUnsent, limits }: PollState): number | null {
  const { minMs, maxMs } = limits;
  const clamp = (ms: number) => Math.min(Math.max(ms, minMs), maxMs);
  switch (outcome.kind) {
    case 'synced':
      return outcome.sent || outcome.received || hasUnsent ? minMs : clamp(intervalMs * IDLE_FACTOR);
    case 'signed-out':
    case 'forbidden':
    case 'deleted':
    case 'replaced':
    case 'absent':
      return null;
    case 'not-found':
    case 'too-large':
    case 'refused':
      // Only a change elsewhere helps, and each attempt may be a large upload.
      return maxMs;
    case 'busy':
    case 'unavailable':
    case 'unreachable':
    case 'unexpected':
      break;
  }
  return clamp(intervalMs * FAILURE_FACTOR);
}

export interface PollerOptions {
  readonly call: () => Promise<SyncOutcome>;
  readonly hasUnsent: () => boolean;
  readonly onOutcome: (outcome: SyncOutcome) => void;
  readonly limits: PollLimits;
}

/** Repeats a call, one at a time, until it is stopped or `getNextPoll` returns `null`. */
export class Poller {
  readonly #options: PollerOptions;
  /** Identifies the current run. `stop` clears it, so that a running call does not continue the loop. */
  #run: symbol | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #intervalMs: number;
  /** The time of the next call; `null` during a call and after a failure, so that an edit does not shorten the delay. */
  #dueAt: number | null = null;

  constructor(options: PollerOptions) {
    this.#options = options;
    this.#intervalMs = options.limits.minMs;
  }

  get isRunning(): boolean {
    return this.#run !== null;
  }

  start(): void {
    if (this.#run !== null) return;
    this.#intervalMs = this.#options.limits.minMs;
    this.#run = Symbol('polling');
    void this.#poll(this.#run);
  }

  stop(): void {
    this.#run = null;
    this.#dueAt = null;
    clearTimeout(this.#timer);
  }

  /** Reduces the delay of the next call to `minMs`, because there is something to send. */
  hurry(): void {
    const { minMs } = this.#options.limits;
    if (this.#run !== null && this.#dueAt !== null && this.#dueAt > Date.now() + minMs)
      this.#schedule(minMs, this.#run);
  }

  #schedule(delayMs: number, run: symbol): void {
    clearTimeout(this.#timer);
    this.#dueAt = Date.now() + delayMs;
    this.#timer = setTimeout(() => void this.#poll(run), delayMs);
  }

  async #poll(run: symbol): Promise<void> {
    this.#dueAt = null;
    const { call, hasUnsent, onOutcome, limits } = this.#options;
    const outcome = await call();
    if (this.#run !== run) return;
    const next = getNextPoll({
      intervalMs: this.#intervalMs,
      outcome,
      hasUnsent: hasUnsent(),
      limits,
      random: Math.random(),
    });
    if (next === null) this.stop();
    else {
      this.#intervalMs = next.intervalMs;
      this.#schedule(next.delayMs, run);
      if (outcome.kind !== 'synced') this.#dueAt = null;
    }
    onOutcome(outcome);
  }
}
