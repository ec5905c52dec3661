import { IS_BANNED_SQL } from '../identity/ban.ts';
import type { endedSession } from './ended-session-schema.ts';

type Row = typeof endedSession.$inferSelect;

/** A session or an account that ended before its time, and how far the telling of its rooms has come. */
export interface EndedSession extends Pick<
  Row,
  'dueAt' | 'userId' | 'socketsSince' | 'endedAt' | 'toldThrough'
> {
  /**
   * `null`: the account itself. An account that has come back since (its ban was lifted, an external issuer's user was
   * recorded anew) is not ended, and `isMoot` says so.
   */
  readonly sessionId: string | null;
  readonly isMoot: boolean;
  readonly missed: boolean;
}

/** What is left to do of an entry. */
export type Progress = Pick<EndedSession, 'toldThrough' | 'missed'>;

const ENTRIES = `
  SELECT due_at AS dueAt, user_id AS userId, nullif(session_id, '') AS sessionId, sockets_since AS socketsSince,
    ended_at AS endedAt, told_through AS toldThrough, missed,
    session_id = '' AND EXISTS (SELECT 1 FROM user WHERE user.id = user_id AND NOT ${IS_BANNED_SQL}) AS isMoot
  FROM ended_session`;
const OLDEST_DUE = 'ORDER BY due_at, user_id, session_id LIMIT ?1';

const ENDED_AMONG = `
  SELECT asked.value AS id FROM json_each(?1) AS asked
  WHERE NOT EXISTS (
    SELECT 1 FROM session JOIN user ON user.id = session.user_id
    WHERE session.id = asked.value AND NOT ${IS_BANNED_SQL}
  )`;

/** Bound as ?1 to ?3 by `keyOf`. */
const THIS_ENTRY = 'WHERE due_at = ?1 AND user_id = ?2 AND session_id = ?3';
const keyOf = ({ dueAt, userId, sessionId }: EndedSession) => [dueAt, userId, sessionId ?? ''] as const;

/**
 * What ended and is not settled, those that waited longest first.
 * @param now Unix milliseconds
 */
export async function readEndedSessions(
  db: D1Database,
  now: number,
  limit: number,
): Promise<readonly EndedSession[]> {
  return entriesOf(db.prepare(`${ENTRIES} ${OLDEST_DUE}`).bind(limit, now));
}

/** The same of one user. Reads the whole queue, which is short: entries stay for seconds. */
export async function readEndedSessionsOf(
  db: D1Database,
  userId: string,
  now: number,
  limit: number,
): Promise<readonly EndedSession[]> {
  return entriesOf(db.prepare(`${ENTRIES} WHERE user_id = ?3 ${OLDEST_DUE}`).bind(limit, now, userId));
}

/** When the one ended that waits longest, Unix milliseconds; `null` where none waits. Reads the whole queue, too. */
export async function oldestEndedAt(db: D1Database): Promise<number | null> {
  return oldestEndedStatement(db).first<number>('at');
}

/** The same as a statement, of one row with `at`. */
export function oldestEndedStatement(db: Pick<D1Database, 'prepare'>): D1PreparedStatement {
  return db.prepare('SELECT min(ended_at) AS at FROM ended_session');
}

async function entriesOf(statement: D1PreparedStatement): Promise<readonly EndedSession[]> {
  const { results } = await statement.all<
    Omit<EndedSession, 'isMoot' | 'missed'> & { readonly isMoot: 0 | 1; readonly missed: 0 | 1 }
  >();
  return results.map((entry) => ({ ...entry, isMoot: entry.isMoot === 1, missed: entry.missed === 1 }));
}

/** Removes entries: all that they stand for is done. An entry that came or was put back meanwhile stays. */
export async function settleEndedSessions(db: D1Database, entries: readonly EndedSession[]): Promise<void> {
  await db.batch(
    entries.map((entry) => db.prepare(`DELETE FROM ended_session ${THIS_ENTRY}`).bind(...keyOf(entry))),
  );
}

/**
 * Puts entries back behind all others, with what was reached.
 * @param now Unix milliseconds
 */
export async function putEndedSessionsBack(
  db: D1Database,
  entries: readonly EndedSession[],
  { toldThrough, missed }: Progress,
  now: number,
): Promise<void> {
  const sql = `UPDATE ended_session SET due_at = ?4, told_through = ?5, missed = ?6 ${THIS_ENTRY}`;
  await db.batch(
    entries.map((entry) => db.prepare(sql).bind(...keyOf(entry), now, toldThrough, missed ? 1 : 0)),
  );
}

/**
 * The statement that finds the sessions which are over among some: they are gone, or their user is banned. Gives rows
 * of one column, `id`.
 * @param now Unix milliseconds
 */
export function endedAmong(db: D1Database, sessionIds: readonly string[], now: number): D1PreparedStatement {
  return db.prepare(ENDED_AMONG).bind(JSON.stringify(sessionIds), now);
}
