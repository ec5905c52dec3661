import { and, asc, desc, eq, gt, lt, type SQL, sql } from 'drizzle-orm';
import { drizzle, type DrizzleD1Database } from 'drizzle-orm/d1';
import type { DoType } from '../../domain/instance.ts';
import { createPage, type ListIdentity, type Position, readPosition } from '../../lib/cursor.ts';
import type { InstanceSort, InstancesQuery } from './instances-query.ts';
import { LATEST_SEQ } from '../next-seq.ts';
import { durableObjectInstance as instance } from '../schema.ts';

/** A room. Times are Unix milliseconds; unknown is `null`. */
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
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

export interface Sum {
  /** Of the measured rooms. */
  readonly storageBytes: number;
  readonly instances: number;
  readonly unmeasured: number;
}

export interface Usage extends Sum {
  readonly byType: Readonly<Record<DoType, Sum>>;
}

/** Drizzle on a D1 session. It only calls `prepare` and `batch`, but its type requires a database. */
// oxlint-disable-next-line no-unsafe-type-assertion
export const createReader = (session: D1DatabaseSession) => drizzle(session as unknown as D1Database);

export type Reader = Pick<DrizzleD1Database, 'select' | 'all'>;

/** Sort key of unmeasured rooms: smaller than every size. */
export const UNMEASURED_KEY = -1;

const SORT_KEYS = {
  storageBytes: sql`coalesce(${instance.storageBytes}, ${sql.raw(String(UNMEASURED_KEY))})`,
  lastAccessedAt: sql`${instance.lastAccessedAt}`,
  createdAt: sql`${instance.createdAt}`,
  resourceName: sql`${instance.resourceName}`,
} as const satisfies Record<InstanceSort, SQL>;

function getPosition(row: Instance, sort: InstanceSort): Position {
  return { key: row[sort] ?? UNMEASURED_KEY, last: row.doName };
}

/** The filter of a list of rooms. */
interface RoomFilter extends Pick<InstancesQuery, 'type' | 'q'> {
  /** Only rooms last used before this time, Unix milliseconds. */
  readonly usedBefore?: number;
}

export function createRoomFilter({ type, q, usedBefore }: RoomFilter): SQL | undefined {
  return and(
    type === undefined ? undefined : eq(instance.doType, type),
    // Not LIKE: its wildcards would need escaping, and D1 refuses patterns longer than 50 bytes.
    q === undefined || q === '' ? undefined : sql`instr(lower(${instance.resourceName}), lower(${q})) > 0`,
    usedBefore === undefined ? undefined : lt(instance.lastAccessedAt, usedBefore),
  );
}

/** SQL condition for rooms after a position in the order of the list. */
export function isAfter(after: Position, { sort, order }: Pick<InstancesQuery, 'sort' | 'order'>): SQL {
  const beyond = order === 'asc' ? gt : lt;
  const key = SORT_KEYS[sort];
  return sql`(${beyond(key, after.key)} or (${eq(key, after.key)} and ${beyond(instance.doName, after.last)}))`;
}

/**
 * The statement for a page of a user's rooms, with one row more than the page to detect a next page. Uses the index on
 * `user_id`: it reads only the user's rows.
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
        createRoomFilter(query),
        after === null ? undefined : isAfter(after, query),
      ),
    )
    .orderBy(ordered(SORT_KEYS[query.sort]), ordered(instance.doName))
    .limit(query.limit + 1);
}

/** Columns with the totals of the rooms that match a condition. `name` is their prefix, because a batch needs unique names. */
export const totalColumns = (which: SQL, name: string) => ({
  storageBytes: sql<number>`coalesce(sum(${instance.storageBytes}) filter (where ${which}), 0)`.as(
    `${name}_bytes`,
  ),
  instances: sql<number>`count(*) filter (where ${which})`.as(`${name}_instances`),
  unmeasured: sql<number>`count(*) filter (where ${which} and ${instance.storageBytes} is null)`.as(
    `${name}_unmeasured`,
  ),
});

export const USAGE_COLUMNS = {
  all: totalColumns(sql`true`, 'all'),
  workspace: totalColumns(eq(instance.doType, 'workspace'), 'workspace'),
  document: totalColumns(eq(instance.doType, 'document'), 'document'),
};

/** The statement for a user's usage, one row. Without `GROUP BY`, which would sort the rooms and be billed for it. */
export function usageStatement(db: Reader, userId: string) {
  return db.select(USAGE_COLUMNS).from(instance).where(eq(instance.userId, userId));
}

/** The row of a statement that always returns one row. */
export function getSingleRow<Row>([row]: readonly Row[]): Row {
  if (row === undefined) throw new Error('an aggregate returned no row');
  return row;
}

export function createUsage({ all, workspace, document }: Record<'all' | DoType, Sum>): Usage {
  return { ...all, byType: { workspace, document } };
}

export function createInstancePage(
  list: ListIdentity,
  query: InstancesQuery,
  rows: readonly Instance[],
): InstancePage {
  const page = createPage(list, query.limit, rows, (row) => getPosition(row, query.sort));
  return { instances: page.rows, nextCursor: page.nextCursor };
}

/** The reader that cursors are bound to if users read their own rooms. */
export const OWNER = 'owner';

export const createListIdentity = (
  reader: string,
  userId: string,
  { sort, order, type, q }: InstancesQuery,
): ListIdentity => ['instances', reader, userId, sort, order, type ?? null, q ?? ''];

export function readInstancesPosition(
  list: ListIdentity,
  { cursor, sort }: InstancesQuery,
): Position | null | 'refused' {
  return readPosition(list, cursor, sort === 'resourceName' ? 'string' : 'number');
}

/** The statement for the latest change number. Reads two index entries. */
export const latestSeqStatement = (db: Reader) => db.all<{ latestSeq: number }>(sql.raw(LATEST_SEQ));

export const getLatestSeq = ([row]: readonly { latestSeq: number }[]): number => row?.latestSeq ?? 0;

/** A result with the latest change number at the time of the read. */
export type WithSeq<Read> = Read & { readonly seq: number };

/**
 * Reads a page of a user's rooms; `null` for a cursor of another query, user or reader.
 * @param reader the reader that the cursor is bound to
 */
export async function listInstances(
  session: D1DatabaseSession,
  userId: string,
  query: InstancesQuery,
  reader: string = OWNER,
): Promise<WithSeq<InstancePage> | null> {
  const list = createListIdentity(reader, userId, query);
  const after = readInstancesPosition(list, query);
  if (after === 'refused') return null;
  const db = createReader(session);
  const [rows, latest] = await db.batch([
    instancesStatement(db, userId, query, after),
    latestSeqStatement(db),
  ]);
  return { ...createInstancePage(list, query, rows), seq: getLatestSeq(latest) };
}

/** Reads the totals of a user's rooms, overall and by type. */
export async function getUsage(session: D1DatabaseSession, userId: string): Promise<WithSeq<Usage>> {
  const db = createReader(session);
  const [sums, latest] = await db.batch([usageStatement(db, userId), latestSeqStatement(db)]);
  return { ...createUsage(getSingleRow(sums)), seq: getLatestSeq(latest) };
}
