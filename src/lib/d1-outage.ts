/** Why D1 does not do what it was asked, where that is no mistake of the statement. */
export interface D1Outage {
  readonly kind: 'full' | 'over-limit' | 'unreachable';
  /** For the person who sent the request. */
  readonly detail: string;
  /** After how many seconds another try may succeed. */
  readonly retryAfterS: number;
}

/** Source: Cloudflare, "D1: Debug D1", list of errors; the last is SQLite's own. */
const FULL = ['Exceeded maximum DB size', 'Exceeded maximum account storage', 'database or disk is full'];
/** Source: Cloudflare's D1 changelog, 2026-09-01. */
const DAILY_LIMIT = "exceeded D1's free tier daily";

/** SQLite's codes for a statement that is wrong, or that a constraint refuses: D1 itself works. */
const NO_OUTAGE = /SQLITE_(ERROR|CONSTRAINT|MISMATCH|RANGE|TOOBIG|AUTH)/;

const FULL_RETRY_S = 300;
const RETRY_S = 5;
const DAY_MS = 24 * 60 * 60_000;

/** @returns `null` where the error is of another kind */
export function getD1Outage(error: unknown, now: number = Date.now()): D1Outage | null {
  if (!(error instanceof Error)) return null;
  const { message } = error;
  if (FULL.some((text) => message.includes(text))) {
    return {
      kind: 'full',
      detail:
        'The database is full: nothing new can be saved. The operator has to make space; rooms work on.',
      retryAfterS: FULL_RETRY_S,
    };
  }
  if (message.includes(DAILY_LIMIT)) {
    return {
      kind: 'over-limit',
      detail:
        'The database has reached its daily limit and takes nothing more until midnight UTC; rooms work on.',
      retryAfterS: Math.ceil((DAY_MS - (now % DAY_MS)) / 1_000),
    };
  }
  const isOfD1 = message.startsWith('D1_ERROR') || message.includes('Network connection lost');
  if (isOfD1 && !NO_OUTAGE.test(message)) {
    return {
      kind: 'unreachable',
      detail: 'The database cannot be reached just now; try again.',
      retryAfterS: RETRY_S,
    };
  }
  return getD1Outage(error.cause, now);
}
