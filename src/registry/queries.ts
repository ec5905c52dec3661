import { and, asc, count, desc, eq, gt, lt, or, type SQL, sql } from 'drizzle-orm';
import { drizzle, type DrizzleD1Database } from 'drizzle-orm/d1';
import { DO_TYPES, type DoType } from '../instance.ts';
import { decodeCursor, encodeCursor, type Position } from './cursor.ts';
import type { InstanceSort, InstancesQuery } from './instances-query.ts';
import { durableObjectInstance as instance } from './schema.ts';

/** One room of the caller's. Times are Unix milliseconds; unknown is `null`. */
export interface Instance {
  readonly doType: DoType;
  readonly resourceName: string;
  readonly doName: string;
  readonly storageBytes: number | null;
  readonly storageMeasuredAt: number | null;
  readonly createdAt: number;
  readonly lastAccessedAt: number;
}

export interface InstancePage {
  readonly instances: readonly Instance[];
  /** `null` where this is the last page. */
  readonly nextCursor: string | null;
}

interface Sum {
  /** Of the rooms whose size is known. */
  readonly storageBytes: number;
  readonly instances: number;
  /** How many of them have no known size yet. */
  readonly unmeasured: number;
}

export interface Usage extends Sum {
  readonly byType: Readonly<Record<DoType, Sum>>;
}

/** Drizzle over a session. It calls `prepare` and `batch` only, which a session has too; its types ask for more. */
// oxlint-disable-next-line no-unsafe-type-assertion
export const readerOf = (session: D1DatabaseSession) => drizzle(session as unknown as D1Database);

type Reader = Pick<DrizzleD1Database, 'select'>;

/** An unmeasured room is sorted as smaller than any size, so it comes last of the largest. */
const UNMEASURED_KEY = -1;

/** What each sort compares. */
const SORT_KEYS = {
  storageBytes: sql`coalesce(${instance.storageBytes}, ${sql.raw(String(UNMEASURED_KEY))})`,
  lastAccessedAt: sql`${instance.lastAccessedAt}`,
  createdAt: sql`${instance.createdAt}`,
  resourceName: sql`${instance.resourceName}`,
} as const satisfies Record<InstanceSort, SQL>;

/** Where a page that ends with this row ended. */
function positionAt(row: Instance, sort: InstanceSort): Position {
  return { key: row[sort] ?? UNMEASURED_KEY, doName: row.doName };
}

/**
 * One row more than the page holds, which tells whether there is a next one. By the index on `user_id`: the cost is
 * the user's own rows, whatever the table holds.
 */
export function instancesStatement(
  db: Reader,
  userId: string,
  query: Omit<InstancesQuery, 'cursor'>,
  after: Position | null,
) {
  const key = SORT_KEYS[query.sort];
  const [beyond, ordered] = query.order === 'asc' ? [gt, asc] : [lt, desc];
  return db
    .select({
      doType: instance.doType,
      resourceName: instance.resourceName,
      doName: instance.doName,
      storageBytes: instance.storageBytes,
      storageMeasuredAt: instance.storageMeasuredAt,
      createdAt: instance.createdAt,
      lastAccessedAt: instance.lastAccessedAt,
    })
    .from(instance)
    .where(
      and(
        eq(instance.userId, userId),
        query.type === undefined ? undefined : eq(instance.doType, query.type),
        // Not LIKE: its wildcards would need escaping, and D1 refuses patterns of more than 50 bytes.
        query.q === undefined || query.q === ''
          ? undefined
          : sql`instr(lower(${instance.resourceName}), lower(${query.q})) > 0`,
        after === null
          ? undefined
          : or(beyond(key, after.key), and(eq(key, after.key), beyond(instance.doName, after.doName))),
      ),
    )
    .orderBy(ordered(key), ordered(instance.doName))
    .limit(query.limit + 1);
}

/** One row a type that the user has rooms of. */
export function usageStatement(db: Reader, userId: string) {
  return db
    .select({
      doType: instance.doType,
      storageBytes: sql<number>`coalesce(sum(${instance.storageBytes}), 0)`,
      instances: count(),
      unmeasured: sql<number>`sum(${instance.storageBytes} is null)`,
    })
    .from(instance)
    .where(eq(instance.userId, userId))
    .groupBy(instance.doType);
}

type UsageRows = Awaited<ReturnType<typeof usageStatement>>;

function pageOf(userId: string, query: InstancesQuery, rows: readonly Instance[]): InstancePage {
  const kept = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? kept.at(-1) : undefined;
  return {
    instances: kept,
    nextCursor: last === undefined ? null : encodeCursor(userId, query, positionAt(last, query.sort)),
  };
}

function usageOf(rows: UsageRows): Usage {
  const sumOf = (doType: DoType): Sum => {
    const row = rows.find((row) => row.doType === doType);
    return {
      storageBytes: row?.storageBytes ?? 0,
      instances: row?.instances ?? 0,
      unmeasured: row?.unmeasured ?? 0,
    };
  };
  const byType = { workspace: sumOf('workspace'), document: sumOf('document') };
  const total = (member: keyof Sum) => DO_TYPES.reduce((sum, doType) => sum + byType[doType][member], 0);
  return {
    storageBytes: total('storageBytes'),
    instances: total('instances'),
    unmeasured: total('unmeasured'),
    byType,
  };
}

/** The position a query's cursor stands for: `null` without one, `'refused'` where it is another query's or user's. */
function positionOf(userId: string, query: InstancesQuery): Position | null | 'refused' {
  if (query.cursor === undefined) return null;
  return decodeCursor(userId, query, query.cursor) ?? 'refused';
}

/** A page of the user's rooms; `null` where the cursor is not one of this query and user. */
export async function listInstances(
  session: D1DatabaseSession,
  userId: string,
  query: InstancesQuery,
): Promise<InstancePage | null> {
  const after = positionOf(userId, query);
  if (after === 'refused') return null;
  return pageOf(userId, query, await instancesStatement(readerOf(session), userId, query, after));
}

/** What the user's rooms store in all and by type. */
export async function getUsage(session: D1DatabaseSession, userId: string): Promise<Usage> {
  return usageOf(await usageStatement(readerOf(session), userId));
}

/** Both of the above as of one moment, in one round trip; `page` is `null` where the cursor is refused. */
export async function getOverview(
  session: D1DatabaseSession,
  userId: string,
  query: InstancesQuery,
): Promise<{ usage: Usage; page: InstancePage | null }> {
  const after = positionOf(userId, query);
  if (after === 'refused') return { usage: await getUsage(session, userId), page: null };
  const db = readerOf(session);
  const [rows, sums] = await db.batch([
    instancesStatement(db, userId, query, after),
    usageStatement(db, userId),
  ]);
  return { usage: usageOf(sums), page: pageOf(userId, query, rows) };
}
