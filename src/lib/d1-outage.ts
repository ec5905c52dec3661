/** Why D1 fails, other than a mistake in the statement. */
export interface D1Outage {
  readonly kind: 'full' | 'over-limit' | 'unreachable';
  /** For the caller. */
  readonly detail: string;
  readonly retryAfterS: number;
}

/** Source: Cloudflare, "D1: Debug D1", list of errors; the last one is SQLite's. */
const FULL = ['Exceeded maximum DB size', 'Exceeded maximum account storage', 'database or disk is full'];
/** Source: Cloudflare's D1 changelog, 2026-09-01. */
const DAILY_LIMIT = "exceeded D1's free tier daily";

/** SQLite's codes for a wrong statement or a violated constraint: D1 works. */
const STATEMENT_ERROR = /SQLITE_(ERROR|CONSTRAINT|MISMATCH|RANGE|TOOBIG|AUTH)/;

const FULL_RETRY_S = 300;
const RETRY_S = 5;
const DAY_MS = 24 * 60 * 60_000;

/** @returns `null` if the error has another cause */
export function getD1Outage(error: unknown, now: number = Date.now()): D1Outage | null {
  if (!(error instanceof Error)) return null;
  const { message } = error;
  if (FULL.some((text) => message.includes(text))) {
    return {
      kind: 'full',
      detail:
        'The database is full: new data cannot be saved. The operator must free space. Rooms keep working.',
      retryAfterS: FULL_RETRY_S,
    };
  }
  if (message.includes(DAILY_LIMIT)) {
    return {
      kind: 'over-limit',
      detail: 'The database has reached its daily limit. Try again after midnight UTC. Rooms keep working.',
      retryAfterS: Math.ceil((DAY_MS - (now % DAY_MS)) / 1_000),
    };
  }
  const isOfD1 = message.startsWith('D1_ERROR') || message.includes('Network connection lost');
  if (isOfD1 && !STATEMENT_ERROR.test(message)) {
    return {
      kind: 'unreachable',
      detail: 'The database cannot be reached. Try again.',
      retryAfterS: RETRY_S,
    };
  }
  return getD1Outage(error.cause, now);
}
