import { and, count, eq, not, sql } from 'drizzle-orm';
import type { InstancesQuery } from './instances-query.ts';
import {
  type WithSeq,
  createListIdentity,
  type InstancePage,
  instancesStatement,
  latestSeqStatement,
  createRoomFilter,
  getSingleRow,
  OWNER,
  createInstancePage,
  readInstancesPosition,
  createReader,
  getLatestSeq,
  isAfter,
  type Usage,
  USAGE_COLUMNS,
  createUsage,
} from './queries.ts';
import { durableObjectInstance as instance } from '../schema.ts';

/** A page of a user's rooms and its place in the list. */
interface PlacedPage extends InstancePage {
  /** Rooms in the whole list. */
  readonly matching: number;
  /** Rooms before the page. */
  readonly before: number;
}

export interface RoomsPage {
  /** Of all rooms of the user, not only those in the list. */
  readonly usage: Usage;
  readonly page: PlacedPage;
}

/** Column that counts the rooms that match a condition. */
const countColumn = (which: ReturnType<typeof createRoomFilter>, name: string) =>
  (which === undefined ? count() : sql<number>`count(*) filter (where ${which})`).as(name);

/** Reads a page of the list in one round trip; `null` for a cursor of another query or user. Reads the user's rooms twice. */
export async function getRoomsPage(
  session: D1DatabaseSession,
  userId: string,
  query: InstancesQuery,
): Promise<WithSeq<RoomsPage> | null> {
  const list = createListIdentity(OWNER, userId, query);
  const after = readInstancesPosition(list, query);
  if (after === 'refused') return null;
  const db = createReader(session);
  const filter = createRoomFilter(query);
  const [rows, sums, latest] = await db.batch([
    instancesStatement(db, userId, query, after),
    db
      .select({
        ...USAGE_COLUMNS,
        matching: countColumn(filter, 'matching'),
        before: countColumn(after === null ? sql`false` : and(filter, not(isAfter(after, query))), 'before'),
      })
      .from(instance)
      .where(eq(instance.userId, userId)),
    latestSeqStatement(db),
  ]);
  const { matching, before, ...usage } = getSingleRow(sums);
  return {
    usage: createUsage(usage),
    page: { ...createInstancePage(list, query, rows), matching, before },
    seq: getLatestSeq(latest),
  };
}
