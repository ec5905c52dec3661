import { type ErasureOrder, getErasedUserKey } from '../domain/erasure-request.ts';
import type { ErasureCounts, ErasureStep } from './contract.ts';
import { STALE_AFTER_MS } from './limits.ts';
import type { erasure } from './schema.ts';

/** A row of `erasure`. */
export type Erasure = typeof erasure.$inferSelect;

const COLUMNS = `id, user_id AS userId, requested_by AS requestedBy, requested_at AS requestedAt,
  touched_at AS touchedAt, finished_at AS finishedAt, sockets, rooms_found AS roomsFound,
  rooms_erased AS roomsErased, failures`;

const ADD_STEPS = `
INSERT INTO erasure_step (erasure_id, number, at, what, result, count, detail)
SELECT ?1, value ->> 'number', value ->> 'at', value ->> 'what', value ->> 'result', value ->> 'count',
  value ->> 'detail'
FROM json_each(?2) WHERE true ON CONFLICT DO NOTHING`;

const ID = /^[0-9a-f]{32}$/;

/** Whether a text has the form of an erasure's id. */
export const isErasureId = (text: string): boolean => ID.test(text);

export function getErasureState({ touchedAt, finishedAt }: Erasure): 'requested' | 'running' | 'finished' {
  return finishedAt !== null ? 'finished' : touchedAt !== null ? 'running' : 'requested';
}

/** The last erasure of a page. */
interface Position {
  readonly requestedAt: number;
  readonly id: string;
}

/** A database or a session. */
type Preparer = Pick<D1Database, 'prepare'>;

export async function readErasure(db: D1Database, id: string): Promise<Erasure | null> {
  return erasureStatement(db, id).first<Erasure>();
}

/** The statement for `readErasure`. */
export function erasureStatement(db: Preparer, id: string): D1PreparedStatement {
  return db.prepare(`SELECT ${COLUMNS} FROM erasure WHERE id = ?`).bind(id);
}

/** The unfinished erasure of a user, or `null`. */
export async function readUnfinishedErasure(db: D1Database, userId: string): Promise<Erasure | null> {
  const sql = `SELECT ${COLUMNS} FROM erasure WHERE user_id = ? AND finished_at IS NULL`;
  return db.prepare(sql).bind(userId).first<Erasure>();
}

/** Reads erasures, newest first. */
export async function readErasures(db: D1Database, query: ErasuresQuery): Promise<Erasure[]> {
  return (await erasuresStatement(db, query).all<Erasure>()).results;
}

interface ErasuresQuery {
  /** The last erasure of the previous page; `null` for the first page. */
  readonly after: Position | null;
  /** The user's id before the erasure; `null` for all users. */
  readonly userId: string | null;
  readonly limit: number;
}

/** The statement for `readErasures`. */
export function erasuresStatement(
  db: Preparer,
  { after, userId, limit }: ErasuresQuery,
): D1PreparedStatement {
  const userFilter = userId === null ? '' : 'AND user_id IN (?4, ?5)';
  return db
    .prepare(
      `SELECT ${COLUMNS} FROM erasure WHERE (requested_at, id) < (?1, ?2) ${userFilter}
       ORDER BY requested_at DESC, id DESC LIMIT ?3`,
    )
    .bind(
      after?.requestedAt ?? Number.MAX_SAFE_INTEGER,
      after?.id ?? '',
      limit,
      ...(userId === null ? [] : [userId, getErasedUserKey(userId)]),
    );
}

/** Reads the newest steps of an erasure, in the order of their numbers. */
export async function readSteps(db: D1Database, erasureId: string, limit: number): Promise<ErasureStep[]> {
  return (await stepsStatement(db, erasureId, limit).all<ErasureStep>()).results;
}

/** The statement for `readSteps`. */
export function stepsStatement(db: Preparer, erasureId: string, limit: number): D1PreparedStatement {
  return db
    .prepare(
      `SELECT * FROM (
         SELECT number, at, what, result, count, detail FROM erasure_step WHERE erasure_id = ?
         ORDER BY number DESC LIMIT ?
       ) ORDER BY number`,
    )
    .bind(erasureId, limit);
}

/**
 * Reads unfinished erasures whose eraser has not reported recently, oldest first.
 * @param now Unix milliseconds
 */
export async function readUnattended(db: D1Database, now: number, limit: number): Promise<ErasureOrder[]> {
  const { results } = await db
    .prepare(
      `SELECT id, user_id AS userId, requested_at AS requestedAt FROM erasure
       WHERE finished_at IS NULL AND coalesce(touched_at, 0) < ?1 ORDER BY requested_at LIMIT ?2`,
    )
    .bind(now - STALE_AFTER_MS, limit)
    .all<ErasureOrder>();
  return results;
}

/** The statement for the number of unfinished erasures (`count`) and when the oldest was requested (`since`, may be null). */
export function unfinishedErasuresStatement(db: Preparer): D1PreparedStatement {
  return db.prepare(
    'SELECT count(*) AS count, min(requested_at) AS since FROM erasure WHERE finished_at IS NULL',
  );
}

/** When the oldest unfinished erasure was requested, Unix milliseconds; `null` if there is none. */
export async function readOldestUnfinishedAt(db: D1Database): Promise<number | null> {
  return db
    .prepare('SELECT min(requested_at) AS at FROM erasure WHERE finished_at IS NULL')
    .first<number>('at');
}

/** Writes counts and steps to the audit trail. Idempotent except for the time. */
export async function writeTrail(
  db: D1Database,
  { id }: ErasureOrder,
  { sockets, roomsFound, roomsErased, failures }: ErasureCounts,
  steps: readonly ErasureStep[],
): Promise<void> {
  await db.batch([
    db
      .prepare(
        `UPDATE erasure SET touched_at = ?2, sockets = ?3, rooms_found = ?4, rooms_erased = ?5, failures = ?6
         WHERE id = ?1`,
      )
      .bind(id, Date.now(), sockets, roomsFound, roomsErased, failures),
    db.prepare(ADD_STEPS).bind(id, JSON.stringify(steps)),
  ]);
}

/** The statement that finishes an erasure and replaces the user's id with its hash. */
export function finishErasureStatement(db: D1Database, { id, userId }: ErasureOrder): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE erasure SET finished_at = cast(unixepoch('subsec') * 1000 as integer), user_id = ?2
       WHERE id = ?1 AND finished_at IS NULL`,
    )
    .bind(id, getErasedUserKey(userId));
}
