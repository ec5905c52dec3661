import { and, asc, desc, eq, gt, lt, type SQL, sql } from 'drizzle-orm';
import { drizzle, type DrizzleD1Database } from 'drizzle-orm/d1';
import type { DoType } from '../../domain/instance.ts';
import { decodeCursor, encodeCursor, type ListIdentity, type Position } from '../../lib/cursor.ts';
import type { InstanceSort, InstancesQuery } from './instances-query.ts';
import { LATEST_SEQ } from '../next-seq.ts';
import { durableObjectInstance as instance } from '../schema.ts';

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

export interface Sum {
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

export type Reader = Pick<DrizzleD1Database, 'select' | 'all'>;

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
  return { key: row[sort] ?? UNMEASURED_KEY, last: row.doName };
}

/** Which of the user's rooms a list holds, whatever the page. */
interface RoomFilter extends Pick<InstancesQuery, 'type' | 'q'> {
  /** Only rooms that were last used before this time, Unix milliseconds. */
  readonly usedBefore?: number;
}

export function matches({ type, q, usedBefore }: RoomFilter): SQL | undefined {
  return and(
    type === undefined ? undefined : eq(instance.doType, type),
    // Not LIKE: its wildcards would need escaping, and D1 refuses patterns of more than 50 bytes.
    q === undefined || q === '' ? undefined : sql`instr(lower(${instance.resourceName}), lower(${q})) > 0`,
    usedBefore === undefined ? undefined : lt(instance.lastAccessedAt, usedBefore),
  );
}

/** Which rooms stand behind a position in the order of a list. */
export function standsAfter(after: Position, { sort, order }: Pick<InstancesQuery, 'sort' | 'order'>): SQL {
  const beyond = order === 'asc' ? gt : lt;
  const key = SORT_KEYS[sort];
  return sql`(${beyond(key, after.key)} or (${eq(key, after.key)} and ${beyond(instance.doName, after.last)}))`;
}

/**
 * One row more than the page holds, which tells whether there is a next one. By the index on `user_id`: the cost is
 * the user's own rows, whatever the table holds.
 */
export function instancesStatement(
  db: Reader,
  userId: string,
  query: Omit<InstancesQuery, 'cursor'> & RoomFilter,
  after: Position | null,
) {
  const ordered = query.order === 'asc' ? asc : desc;
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
        matches(query),
        after === null ? undefined : standsAfter(after, query),
      ),
    )
    .orderBy(ordered(SORT_KEYS[query.sort]), ordered(instance.doName))
    .limit(query.limit + 1);
}

/** What the rooms of one type come to, or of all. Named, since a batch gives rows by the names of their columns. */
export const sumsOf = (which: SQL, name: string) => ({
  storageBytes: sql<number>`coalesce(sum(${instance.storageBytes}) filter (where ${which}), 0)`.as(
    `${name}_bytes`,
  ),
  instances: sql<number>`count(*) filter (where ${which})`.as(`${name}_instances`),
  unmeasured: sql<number>`count(*) filter (where ${which} and ${instance.storageBytes} is null)`.as(
    `${name}_unmeasured`,
  ),
});

export const USAGE_COLUMNS = {
  all: sumsOf(sql`true`, 'all'),
  workspace: sumsOf(eq(instance.doType, 'workspace'), 'workspace'),
  document: sumsOf(eq(instance.doType, 'document'), 'document'),
};

/** One row. Not `GROUP BY` type, which would put the rooms in order first, and be billed for it. */
export function usageStatement(db: Reader, userId: string) {
  return db.select(USAGE_COLUMNS).from(instance).where(eq(instance.userId, userId));
}

/** The one row of a sum. */
export function onlyRow<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('a sum gave no row');
  return row;
}

export function usageOf({ all, workspace, document }: Record<'all' | DoType, Sum>): Usage {
  return { ...all, byType: { workspace, document } };
}

export function pageOf(list: ListIdentity, query: InstancesQuery, rows: readonly Instance[]): InstancePage {
  const kept = rows.slice(0, query.limit);
  const last = rows.length > query.limit ? kept.at(-1) : undefined;
  return {
    instances: kept,
    nextCursor: last === undefined ? null : encodeCursor(list, positionAt(last, query.sort)),
  };
}

/** The reader of his own rooms. */
export const OWNER = 'owner';

export const identityOf = (
  reader: string,
  userId: string,
  { sort, order, type, q }: InstancesQuery,
): ListIdentity => ['instances', reader, userId, sort, order, type ?? null, q ?? ''];

/** The position a query's cursor stands for: `null` without one, `'refused'` where it is another list's. */
export function positionOf(
  list: ListIdentity,
  { cursor, sort }: InstancesQuery,
): Position | null | 'refused' {
  if (cursor === undefined) return null;
  return decodeCursor(list, sort === 'resourceName' ? 'string' : 'number', cursor) ?? 'refused';
}

/** The highest change number of the registry. Two look-ups at the ends of indexes. */
export const latestSeqStatement = (db: Reader) => db.all<{ latestSeq: number }>(sql.raw(LATEST_SEQ));

export const seqOf = ([row]: readonly { latestSeq: number }[]): number => row?.latestSeq ?? 0;

/** What was read, and the number of the last change that it holds. */
export type AsOf<Read> = Read & { readonly seq: number };

/**
 * A page of the user's rooms; `null` where the cursor is not one of this query, user and reader.
 * @param reader who asks, where it is not the user himself
 */
export async function listInstances(
  session: D1DatabaseSession,
  userId: string,
  query: InstancesQuery,
  reader: string = OWNER,
): Promise<AsOf<InstancePage> | null> {
  const list = identityOf(reader, userId, query);
  const after = positionOf(list, query);
  if (after === 'refused') return null;
  const db = readerOf(session);
  const [rows, latest] = await db.batch([
    instancesStatement(db, userId, query, after),
    latestSeqStatement(db),
  ]);
  return { ...pageOf(list, query, rows), seq: seqOf(latest) };
}

/** What the user's rooms store in all and by type. */
export async function getUsage(session: D1DatabaseSession, userId: string): Promise<AsOf<Usage>> {
  const db = readerOf(session);
  const [sums, latest] = await db.batch([usageStatement(db, userId), latestSeqStatement(db)]);
  return { ...usageOf(onlyRow(sums)), seq: seqOf(latest) };
}
