import type { Usage } from './queries.ts';
import type { Position } from '../../lib/cursor.ts';

/** What one user's rooms come to. Times are Unix milliseconds. */
export interface UserUsage {
  readonly userId: string;
  /** Of the rooms whose size is known. */
  readonly storageBytes: number;
  readonly instances: number;
  readonly unmeasured: number;
  readonly lastAccessedAt: number;
}

/** A room of anybody's. Times are Unix milliseconds. */
export interface RankedRoom {
  readonly doName: string;
  readonly doId: string;
  readonly userId: string;
  readonly doType: 'workspace' | 'document';
  readonly resourceName: string;
  readonly storageBytes: number | null;
  readonly storageMeasuredAt: number | null;
  readonly createdAt: number;
  readonly lastAccessedAt: number;
}

/** What is known to have come and gone since a time. What grew in rooms that were there before is not. */
export interface Growth {
  /** Rooms that are there and were not then, recreated ones included, and what they store now. */
  readonly created: {
    readonly instances: number;
    readonly storageBytes: number;
    readonly unmeasured: number;
  };
  /** Rooms that were there then and were deleted since, whether or not they are there again; `null`: not known any more. */
  readonly deleted: { readonly instances: number | null };
}

export interface Totals extends Usage {
  /** Who have rooms. */
  readonly users: number;
}

/*
 * Nothing is kept in the order of sizes: an index on what each report of a room changes would cost another row written
 * each time (docs/reference/costs.md). So each of these reads the whole table, and says so there.
 */

/**
 * Parameters: ?1 and ?2 where the last page ended, null for the first one; ?3 limit. Users of the same size in the order
 * of their ids.
 */
export const USERS_BY_STORAGE = `
  SELECT user_id AS userId, coalesce(sum(storage_bytes), 0) AS storageBytes, count(*) AS instances,
    count(*) FILTER (WHERE storage_bytes IS NULL) AS unmeasured, max(last_accessed_at) AS lastAccessedAt
  FROM durable_object_instance GROUP BY user_id
  HAVING ?1 IS NULL OR coalesce(sum(storage_bytes), 0) < ?1 OR (coalesce(sum(storage_bytes), 0) = ?1 AND user_id > ?2)
  ORDER BY storageBytes DESC, userId LIMIT ?3`;

/** The same of rooms, those whose size is unknown last. */
export const ROOMS_BY_STORAGE = `
  SELECT do_name AS doName, do_id AS doId, user_id AS userId, do_type AS doType, resource_name AS resourceName,
    storage_bytes AS storageBytes, storage_measured_at AS storageMeasuredAt, created_at AS createdAt,
    last_accessed_at AS lastAccessedAt
  FROM durable_object_instance
  WHERE ?1 IS NULL OR coalesce(storage_bytes, -1) < ?1 OR (coalesce(storage_bytes, -1) = ?1 AND do_name > ?2)
  ORDER BY coalesce(storage_bytes, -1) DESC, do_name LIMIT ?3`;

/** Parameters: ?1 since, null where growth is not asked for. */
export const TOTALS = `
  SELECT coalesce(sum(storage_bytes), 0) AS storageBytes, count(*) AS instances, count(storage_bytes) AS measured,
    coalesce(sum(storage_bytes) FILTER (WHERE do_type = 'workspace'), 0) AS workspaceBytes,
    count(*) FILTER (WHERE do_type = 'workspace') AS workspaces,
    count(storage_bytes) FILTER (WHERE do_type = 'workspace') AS workspacesMeasured,
    coalesce(sum(storage_bytes) FILTER (WHERE created_at >= ?1), 0) AS createdBytes,
    count(*) FILTER (WHERE created_at >= ?1) AS created,
    count(storage_bytes) FILTER (WHERE created_at >= ?1) AS createdMeasured
  FROM durable_object_instance`;

/** By the index on user_id alone. */
export const COUNT_USERS = `SELECT count(DISTINCT user_id) AS users FROM durable_object_instance`;

/**
 * Parameters: ?1 since. A room that came and went since then was there at neither end. `null` where tombstones of that time
 * were pruned.
 */
export const COUNT_DELETED = `
  SELECT CASE WHEN EXISTS (SELECT 1 FROM registry_pruned WHERE deleted_through >= ?1) THEN NULL
    ELSE (SELECT count(*) FROM registry_tombstone WHERE deleted_at >= ?1 AND created_at < ?1) END AS deleted`;

interface TotalsRow {
  readonly storageBytes: number;
  readonly instances: number;
  readonly measured: number;
  readonly workspaceBytes: number;
  readonly workspaces: number;
  readonly workspacesMeasured: number;
  readonly createdBytes: number;
  readonly created: number;
  readonly createdMeasured: number;
}

type TotalsResult = D1Result<TotalsRow & { users: number; deleted: number | null }>;

/** The statements that `totalsOf` makes sense of. They read both tables whole. */
export const totalsStatements = (session: D1DatabaseSession, since: number | null): D1PreparedStatement[] => [
  session.prepare(TOTALS).bind(since),
  session.prepare(COUNT_USERS),
  ...(since === null ? [] : [session.prepare(COUNT_DELETED).bind(since)]),
];

/** What all rooms come to, and the growth since a time (Unix milliseconds), as of one moment. */
export async function readTotals(
  session: D1DatabaseSession,
  since: number | null,
): Promise<{ totals: Totals; growth: Growth | null }> {
  const results = await session.batch<TotalsRow & { users: number; deleted: number | null }>(
    totalsStatements(session, since),
  );
  const totals = totalsOf(results);
  const row = results[0]?.results[0];
  if (since === null || row === undefined) return { totals, growth: null };
  const created = {
    instances: row.created,
    storageBytes: row.createdBytes,
    unmeasured: row.created - row.createdMeasured,
  };
  return { totals, growth: { created, deleted: { instances: results[2]?.results[0]?.deleted ?? null } } };
}

/** @param results of `totalsStatements` */
export function totalsOf([sums, users]: readonly TotalsResult[]): Totals {
  const row = sums?.results[0];
  if (row === undefined) throw new Error('a sum gave no row');
  const { storageBytes, instances, workspaceBytes, workspaces } = row;
  const unmeasured = instances - row.measured;
  const unmeasuredWorkspaces = workspaces - row.workspacesMeasured;
  return {
    users: users?.results[0]?.users ?? 0,
    storageBytes,
    instances,
    unmeasured,
    byType: {
      workspace: { storageBytes: workspaceBytes, instances: workspaces, unmeasured: unmeasuredWorkspaces },
      document: {
        storageBytes: storageBytes - workspaceBytes,
        instances: instances - workspaces,
        unmeasured: unmeasured - unmeasuredWorkspaces,
      },
    },
  };
}

/** The users after `position`, those with the most bytes first, at most `limit`. Reads the table whole. */
export async function readUsersByStorage(
  session: D1DatabaseSession,
  position: Position | null,
  limit: number,
): Promise<readonly UserUsage[]> {
  return (await ranked(session, USERS_BY_STORAGE, position, limit).all<UserUsage>()).results;
}

/** The same of rooms. */
export async function readRoomsByStorage(
  session: D1DatabaseSession,
  position: Position | null,
  limit: number,
): Promise<readonly RankedRoom[]> {
  return (await ranked(session, ROOMS_BY_STORAGE, position, limit).all<RankedRoom>()).results;
}

const ranked = (session: D1DatabaseSession, sql: string, position: Position | null, limit: number) =>
  session.prepare(sql).bind(position?.key ?? null, position?.last ?? null, limit);

/** Whether there is an account, or a user of an external issuer, of this id. */
export async function isUser(session: D1DatabaseSession, userId: string): Promise<boolean> {
  return (await session.prepare('SELECT 1 FROM user WHERE id = ?').bind(userId).first()) !== null;
}
