import { and, count, eq, not, sql } from 'drizzle-orm';
import type { InstancesQuery } from './instances-query.ts';
import {
  type AsOf,
  identityOf,
  type InstancePage,
  instancesStatement,
  latestSeqStatement,
  matches,
  onlyRow,
  OWNER,
  pageOf,
  positionOf,
  readerOf,
  seqOf,
  standsAfter,
  type Usage,
  USAGE_COLUMNS,
  usageOf,
} from './queries.ts';
import { durableObjectInstance as instance } from '../schema.ts';

/** A page of a user's list, and where in the list it stands. */
interface PlacedPage extends InstancePage {
  /** How many rooms the list holds in all. */
  readonly matching: number;
  /** How many of them stand before the page. */
  readonly before: number;
}

export interface RoomsPage {
  /** Of all the user's rooms, whatever the list holds. */
  readonly usage: Usage;
  readonly page: PlacedPage;
}

/** How many of the rooms that are read fulfil a condition. */
const countOf = (which: ReturnType<typeof matches>, name: string) =>
  (which === undefined ? count() : sql<number>`count(*) filter (where ${which})`).as(name);

/**
 * A page of the list as of one moment, in one round trip; `null` where the cursor is not one of this query and user. The cost is
 * the user's own rooms, twice.
 */
export async function getRoomsPage(
  session: D1DatabaseSession,
  userId: string,
  query: InstancesQuery,
): Promise<AsOf<RoomsPage> | null> {
  const list = identityOf(OWNER, userId, query);
  const after = positionOf(list, query);
  if (after === 'refused') return null;
  const db = readerOf(session);
  const filter = matches(query);
  const [rows, sums, latest] = await db.batch([
    instancesStatement(db, userId, query, after),
    db
      .select({
        ...USAGE_COLUMNS,
        matching: countOf(filter, 'matching'),
        before: countOf(after === null ? sql`false` : and(filter, not(standsAfter(after, query))), 'before'),
      })
      .from(instance)
      .where(eq(instance.userId, userId)),
    latestSeqStatement(db),
  ]);
  const { matching, before, ...usage } = onlyRow(sums);
  return {
    usage: usageOf(usage),
    page: { ...pageOf(list, query, rows), matching, before },
    seq: seqOf(latest),
  };
}
