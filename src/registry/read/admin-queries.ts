import type { Usage } from './queries.ts';
import type { Position } from '../../lib/cursor.ts';

/** Totals of one user's rooms. Times are Unix milliseconds. */
export interface UserUsage {
  readonly userId: string;
  /** Of the measured rooms. */
  readonly storageBytes: number;
  readonly instances: number;
  readonly unmeasured: number;
  readonly lastAccessedAt: number;
}

/** A room with its owner. Times are Unix milliseconds. */
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

/** Rooms created and deleted since a time. Does not include the growth of older rooms. */
export interface Growth {
  /** Existing rooms that were created or recreated since then, with their current size. */
  readonly created: {
    readonly instances: number;
    readonly storageBytes: number;
    readonly unmeasured: number;
  };
  /** Rooms that existed then and were deleted since, even if recreated; `null` if their tombstones were pruned. */
  readonly deleted: { readonly instances: number | null };
}

export interface Totals extends Usage {
  /** Users with at least one room. */
  readonly users: number;
}

/*
 * There is no index on sizes: an index on a column that each report of a room changes would cost another row written
 * each time (docs/reference/costs.md). So each of these reads the whole table, and says so there.
 */

/** Parameters: ?1 and ?2 position where the last page ended, or null; ?3 limit. Users of equal size are ordered by id. */
export const USERS_BY_STORAGE = `
  SELECT user_id AS userId, coalesce(sum(storage_bytes), 0) AS storageBytes, count(*) AS instances,
    count(*) FILTER (WHERE storage_bytes IS NULL) AS unmeasured, max(last_accessed_at) AS lastAccessedAt
  FROM durable_object_instance GROUP BY user_id
  HAVING ?1 IS NULL OR coalesce(sum(storage_bytes), 0) < ?1 OR (coalesce(sum(storage_bytes), 0) = ?1 AND user_id > ?2)
  ORDER BY storageBytes DESC, userId LIMIT ?3`;

/** The same parameters. Unmeasured rooms are last. */
export const ROOMS_BY_STORAGE = `
  SELECT do_name AS doName, do_id AS doId, user_id AS userId, do_type AS doType, resource_name AS resourceName,
    storage_bytes AS storageBytes, storage_measured_at AS storageMeasuredAt, created_at AS createdAt,
    last_accessed_at AS lastAccessedAt
  FROM durable_object_instance
  WHERE ?1 IS NULL OR coalesce(storage_bytes, -1) < ?1 OR (coalesce(storage_bytes, -1) = ?1 AND do_name > ?2)
  ORDER BY coalesce(storage_bytes, -1) DESC, do_name LIMIT ?3`;

/** Parameters: ?1 since, or null without growth. */
export const TOTALS = `
  SELECT coalesce(sum(storage_bytes), 0) AS storageBytes, count(*) AS instances, count(storage_bytes) AS measured,
    coalesce(sum(storage_bytes) FILTER (WHERE do_type = 'workspace'), 0) AS workspaceBytes,
    count(*) FILTER (WHERE do_type = 'workspace') AS workspaces,
    count(storage_bytes) FILTER (WHERE do_type = 'workspace') AS workspacesMeasured,
    coalesce(sum(storage_bytes) FILTER (WHERE created_at >= ?1), 0) AS createdBytes,
    count(*) FILTER (WHERE created_at >= ?1) AS created,
    count(storage_bytes) FILTER (WHERE created_at >= ?1) AS createdMeasured
  FROM durable_object_instance`;

/** Reads only the index on user_id. */
export const COUNT_USERS = `SELECT count(DISTINCT user_id) AS users FROM durable_object_instance`;

/** Parameters: ?1 since. Does not count rooms created after that. `null` if tombstones of that time were pruned. */
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

/** The statements for `createTotals`. They read both tables completely. */
export const totalsStatements = (session: D1DatabaseSession, since: number | null): D1PreparedStatement[] => [
  session.prepare(TOTALS).bind(since),
  session.prepare(COUNT_USERS),
  ...(since === null ? [] : [session.prepare(COUNT_DELETED).bind(since)]),
];

/** Reads the totals of all rooms and the growth since a time (Unix milliseconds) at one moment. */
export async function readTotals(
  session: D1DatabaseSession,
  since: number | null,
): Promise<{ totals: Totals; growth: Growth | null }> {
  const results = await session.batch<TotalsRow & { users: number; deleted: number | null }>(
    totalsStatements(session, since),
  );
  const totals = createTotals(results);
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
export function createTotals([sums, users]: readonly TotalsResult[]): Totals {
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

/** Reads at most `limit` users after `position`, largest first. Reads the whole table. */
export async function readUsersByStorage(
  session: D1DatabaseSession,
  position: Position | null,
  limit: number,
): Promise<readonly UserUsage[]> {
  return (await ranked(session, USERS_BY_STORAGE, position, limit).all<UserUsage>()).results;
}

/** Reads at most `limit` rooms after `position`, largest first. Reads the whole table. */
export async function readRoomsByStorage(
  session: D1DatabaseSession,
  position: Position | null,
  limit: number,
): Promise<readonly RankedRoom[]> {
  return (await ranked(session, ROOMS_BY_STORAGE, position, limit).all<RankedRoom>()).results;
}

const ranked = (session: D1DatabaseSession, sql: string, position: Position | null, limit: number) =>
  session.prepare(sql).bind(position?.key ?? null, position?.last ?? null, limit);

/** Whether an account or an external user has this id. */
export async function isUser(session: D1DatabaseSession, userId: string): Promise<boolean> {
  return (await session.prepare('SELECT 1 FROM user WHERE id = ?').bind(userId).first()) !== null;
}
