import { IS_BANNED_SQL } from '../identity/ban.ts';
import type { endedSession } from './schema.ts';

type Row = typeof endedSession.$inferSelect;

/** A session or an account that ended before it expired, and which of its rooms have been notified. */
export interface EndedSession extends Pick<
  Row,
  'dueAt' | 'userId' | 'socketsSince' | 'endedAt' | 'notifiedThrough'
> {
  /**
   * `null` for the account itself. `isSuperseded` is true if the account exists again: its ban was lifted, or the row of
   * an external user was created again.
   */
  readonly sessionId: string | null;
  readonly isSuperseded: boolean;
  readonly needsRetry: boolean;
}

/** How far an entry has been processed. */
export type Progress = Pick<EndedSession, 'notifiedThrough' | 'needsRetry'>;

const ENTRIES = `
  SELECT due_at AS dueAt, user_id AS userId, nullif(session_id, '') AS sessionId, sockets_since AS socketsSince,
    ended_at AS endedAt, told_through AS notifiedThrough, missed AS needsRetry,
    session_id = '' AND EXISTS (SELECT 1 FROM user WHERE user.id = user_id AND NOT ${IS_BANNED_SQL}) AS isSuperseded
  FROM ended_session`;
const OLDEST_DUE = 'ORDER BY due_at, user_id, session_id LIMIT ?1';

const ENDED_SESSIONS = `
  SELECT given.value AS id FROM json_each(?1) AS given
  WHERE NOT EXISTS (
    SELECT 1 FROM session JOIN user ON user.id = session.user_id
    WHERE session.id = given.value AND NOT ${IS_BANNED_SQL}
  )`;

/** Parameters ?1 to ?3 from `getKey`. */
const THIS_ENTRY = 'WHERE due_at = ?1 AND user_id = ?2 AND session_id = ?3';
const getKey = ({ dueAt, userId, sessionId }: EndedSession) => [dueAt, userId, sessionId ?? ''] as const;

/**
 * Entries of the queue, oldest first.
 * @param now Unix milliseconds
 */
export async function readEndedSessions(
  db: D1Database,
  now: number,
  limit: number,
): Promise<readonly EndedSession[]> {
  return readEntries(db.prepare(`${ENTRIES} ${OLDEST_DUE}`).bind(limit, now));
}

/** Entries of one user, oldest first. Reads the whole queue, which is short: entries stay for seconds. */
export async function readEndedSessionsByUser(
  db: D1Database,
  userId: string,
  now: number,
  limit: number,
): Promise<readonly EndedSession[]> {
  return readEntries(db.prepare(`${ENTRIES} WHERE user_id = ?3 ${OLDEST_DUE}`).bind(limit, now, userId));
}

/** The earliest `ended_at` of the queue in Unix milliseconds; `null` if it is empty. Reads the whole queue. */
export async function readOldestEndedAt(db: D1Database): Promise<number | null> {
  return oldestEndedStatement(db).first<number>('at');
}

/** The statement for `readOldestEndedAt`, with one row and the column `at`. */
export function oldestEndedStatement(db: Pick<D1Database, 'prepare'>): D1PreparedStatement {
  return db.prepare('SELECT min(ended_at) AS at FROM ended_session');
}

async function readEntries(statement: D1PreparedStatement): Promise<readonly EndedSession[]> {
  const { results } = await statement.all<
    Omit<EndedSession, 'isSuperseded' | 'needsRetry'> & {
      readonly isSuperseded: 0 | 1;
      readonly needsRetry: 0 | 1;
    }
  >();
  return results.map((entry) => ({
    ...entry,
    isSuperseded: entry.isSuperseded === 1,
    needsRetry: entry.needsRetry === 1,
  }));
}

/** Removes processed entries. An entry that was added or requeued in the meantime stays. */
export async function deleteEndedSessions(db: D1Database, entries: readonly EndedSession[]): Promise<void> {
  await db.batch(
    entries.map((entry) => db.prepare(`DELETE FROM ended_session ${THIS_ENTRY}`).bind(...getKey(entry))),
  );
}

/**
 * Moves entries to the end of the queue and stores their progress.
 * @param now Unix milliseconds
 */
export async function requeueEndedSessions(
  db: D1Database,
  entries: readonly EndedSession[],
  { notifiedThrough, needsRetry }: Progress,
  now: number,
): Promise<void> {
  const sql = `UPDATE ended_session SET due_at = ?4, told_through = ?5, missed = ?6 ${THIS_ENTRY}`;
  await db.batch(
    entries.map((entry) => db.prepare(sql).bind(...getKey(entry), now, notifiedThrough, needsRetry ? 1 : 0)),
  );
}

/**
 * The statement that finds the ended sessions among `sessionIds`: the session is deleted, or its user is banned. Returns
 * rows with the column `id`.
 * @param now Unix milliseconds
 */
export function endedSessionsStatement(
  db: D1Database,
  sessionIds: readonly string[],
  now: number,
): D1PreparedStatement {
  return db.prepare(ENDED_SESSIONS).bind(JSON.stringify(sessionIds), now);
}
