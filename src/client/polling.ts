import type { SyncOutcome } from './outcome.ts';

/** How often to ask, in milliseconds: after a change, and at most when all is quiet. */
export interface PollLimits {
  readonly minMs: number;
  readonly maxMs: number;
}

/** A quiet room is asked after this many times the last interval. */
const SLOW_DOWN = 1.5;
/** A call that failed is tried again after this many times the last interval. */
const BACK_OFF = 2;
/** Up to this share of an interval is left to chance, so that clients that began together do not stay together. */
const JITTER = 0.25;

interface PollState {
  /** The last interval, before chance, in milliseconds. */
  readonly intervalMs: number;
  readonly outcome: SyncOutcome;
  /** Whether the document has edits that are not known to be stored. */
  readonly hasUnsent: boolean;
  readonly limits: PollLimits;
  /** From 0 to 1. */
  readonly chance: number;
}

/**
 * When to call next.
 * @returns the interval to remember and the time to wait, both in milliseconds; `null`: never again
 */
export function nextPoll(state: PollState): { intervalMs: number; delayMs: number } | null {
  const intervalMs = nextInterval(state);
  if (intervalMs === null) return null;
  const { outcome, chance } = state;
  const asked = outcome.kind === 'synced' ? null : outcome.retryAfterMs;
  const delayMs = intervalMs * (1 - JITTER * chance);
  // Never sooner than asked.
  return { intervalMs, delayMs: Math.max(delayMs, (asked ?? 0) * (1 + JITTER * chance)) };
}

function nextInterval({ intervalMs, outcome, hasUnsent, limits }: PollState): number | null {
  const { minMs, maxMs } = limits;
  const within = (ms: number) => Math.min(Math.max(ms, minMs), maxMs);
  switch (outcome.kind) {
    case 'synced':
      return outcome.sent || outcome.received || hasUnsent ? minMs : within(intervalMs * SLOW_DOWN);
    case 'signed-out':
    case 'forbidden':
    case 'deleted':
    case 'replaced':
    case 'absent':
      return null;
    case 'not-found':
    case 'too-large':
    case 'refused':
      // Only a change elsewhere helps, and each try may cost a large upload.
      return maxMs;
    case 'busy':
    case 'unavailable':
    case 'unreachable':
    case 'unexpected':
      break;
  }
  return within(intervalMs * BACK_OFF);
}

export interface PollerOptions {
  readonly call: () => Promise<SyncOutcome>;
  readonly hasUnsent: () => boolean;
  readonly onOutcome: (outcome: SyncOutcome) => void;
  readonly limits: PollLimits;
}

/** Calls again and again, one at a time, until it is stopped or `nextPoll` says never again. */
export class Poller {
  readonly #options: PollerOptions;
  /** Stands for what `start` began; another one, or none, is there after `stop`. */
  #run: symbol | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #intervalMs: number;
  /** The time of the next call; `null` while a call is under way or has failed, when an edit brings it no nearer. */
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

  /** There is something to send: brings the next call as near as one after a change. */
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
    const next = nextPoll({
      intervalMs: this.#intervalMs,
      outcome,
      hasUnsent: hasUnsent(),
      limits,
      chance: Math.random(),
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
