import { type ErasureOrder, getErasedUserKey } from '../domain/erasure-request.ts';
import type { ErasureCounts, ErasureStep } from './contract.ts';
import { STALE_AFTER_MS } from './limits.ts';
import type { erasure } from './schema.ts';

/** An erasure as it stands in D1. */
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

/** Whether a text can be the id of an erasure. */
export const isErasureId = (text: string): boolean => ID.test(text);

export function stateOf({ touchedAt, finishedAt }: Erasure): 'requested' | 'running' | 'finished' {
  return finishedAt !== null ? 'finished' : touchedAt !== null ? 'running' : 'requested';
}

/** Where a page of erasures ended. */
interface Position {
  readonly requestedAt: number;
  readonly id: string;
}

/** What statements are made with: a database, or a session of one. */
type Preparer = Pick<D1Database, 'prepare'>;

export async function readErasure(db: D1Database, id: string): Promise<Erasure | null> {
  return erasureStatement(db, id).first<Erasure>();
}

/** The same as a statement, of an `Erasure` or none. */
export function erasureStatement(db: Preparer, id: string): D1PreparedStatement {
  return db.prepare(`SELECT ${COLUMNS} FROM erasure WHERE id = ?`).bind(id);
}

/** The one that is under way; `null` where none is. */
export async function readErasureUnderWay(db: D1Database, userId: string): Promise<Erasure | null> {
  const sql = `SELECT ${COLUMNS} FROM erasure WHERE user_id = ? AND finished_at IS NULL`;
  return db.prepare(sql).bind(userId).first<Erasure>();
}

/**
 * Newest first.
 * @param after the last of the page before; `null` for the first page
 * @param userId whose, by his id as it was; `null`: anybody's
 */
export async function readErasures(db: D1Database, asked: ErasuresAsked): Promise<Erasure[]> {
  return (await erasuresStatement(db, asked).all<Erasure>()).results;
}

interface ErasuresAsked {
  readonly after: Position | null;
  readonly userId: string | null;
  readonly limit: number;
}

/** The same as a statement, of rows that are an `Erasure` each. */
export function erasuresStatement(
  db: Preparer,
  { after, userId, limit }: ErasuresAsked,
): D1PreparedStatement {
  const ofUser = userId === null ? '' : 'AND user_id IN (?4, ?5)';
  return db
    .prepare(
      `SELECT ${COLUMNS} FROM erasure WHERE (requested_at, id) < (?1, ?2) ${ofUser}
       ORDER BY requested_at DESC, id DESC LIMIT ?3`,
    )
    .bind(
      after?.requestedAt ?? Number.MAX_SAFE_INTEGER,
      after?.id ?? '',
      limit,
      ...(userId === null ? [] : [userId, getErasedUserKey(userId)]),
    );
}

/** The newest steps of an erasure, oldest of them first. */
export async function readSteps(db: D1Database, erasureId: string, limit: number): Promise<ErasureStep[]> {
  return (await stepsStatement(db, erasureId, limit).all<ErasureStep>()).results;
}

/** The same as a statement, of a row for each step. */
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
 * Erasures that are not finished and that no eraser was heard of, those asked for first.
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

/**
 * The statement that counts the erasures that are not finished, by one row: `count`, and `since`, when the oldest of them
 * was asked for (Unix milliseconds; `null` where there is none).
 */
export function underWayStatement(db: Preparer): D1PreparedStatement {
  return db.prepare(
    'SELECT count(*) AS count, min(requested_at) AS since FROM erasure WHERE finished_at IS NULL',
  );
}

/** When the oldest erasure was asked for that is not finished, Unix milliseconds; `null` where none is under way. */
export async function oldestUnfinishedAt(db: D1Database): Promise<number | null> {
  return db
    .prepare('SELECT min(requested_at) AS at FROM erasure WHERE finished_at IS NULL')
    .first<number>('at');
}

/** Brings the trail up to date. Doing it again changes nothing but the time. */
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

/** The statement that finishes an erasure, and forgets the user's id. */
export function finishErasure(db: D1Database, { id, userId }: ErasureOrder): D1PreparedStatement {
  return db
    .prepare(
      `UPDATE erasure SET finished_at = cast(unixepoch('subsec') * 1000 as integer), user_id = ?2
       WHERE id = ?1 AND finished_at IS NULL`,
    )
    .bind(id, getErasedUserKey(userId));
}
