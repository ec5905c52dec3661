import { eq, lt } from 'drizzle-orm';
import {
  type WithSeq,
  type Instance,
  instancesStatement,
  latestSeqStatement,
  getSingleRow,
  createReader,
  getLatestSeq,
  type Sum,
  totalColumns,
  type Usage,
  USAGE_COLUMNS,
  createUsage,
} from './queries.ts';
import { durableObjectInstance as instance } from '../schema.ts';
import { computeHistory, historyStatement, type Interval, type StorageHistory } from './usage-history.ts';

export interface OverviewQuery {
  /** Maximum number of rooms in each list. */
  readonly biggest: number;
  readonly recent: number;
  readonly idle: number;
  /** A room is idle if it was last used before this time, Unix milliseconds. */
  readonly idleBefore: number;
  /** Interval of the history. */
  readonly interval: Interval;
}

/** A user's rooms at a glance. */
export interface Overview {
  readonly usage: Usage;
  /** Largest first, unmeasured last. */
  readonly biggest: readonly Instance[];
  /** Most recently used first. */
  readonly recent: readonly Instance[];
  readonly idle: Sum & { readonly biggest: readonly Instance[] };
  readonly history: StorageHistory;
}

/** Reads the overview in one round trip. Reads the user's rooms four times, and the days of the history. */
export async function getOverview(
  session: D1DatabaseSession,
  userId: string,
  query: OverviewQuery,
): Promise<WithSeq<Overview>> {
  const db = createReader(session);
  const { idleBefore, interval } = query;
  const bySize = { sort: 'storageBytes', order: 'desc' } as const;
  const [sums, biggest, recent, idle, days, latest] = await db.batch([
    db
      .select({ ...USAGE_COLUMNS, idle: totalColumns(lt(instance.lastAccessedAt, idleBefore), 'idle') })
      .from(instance)
      .where(eq(instance.userId, userId)),
    instancesStatement(db, userId, { ...bySize, limit: query.biggest }, null),
    instancesStatement(db, userId, { sort: 'lastAccessedAt', order: 'desc', limit: query.recent }, null),
    instancesStatement(db, userId, { ...bySize, limit: query.idle, usedBefore: idleBefore }, null),
    historyStatement(db, userId, interval),
    latestSeqStatement(db),
  ]);
  const { idle: idleSum, ...usage } = getSingleRow(sums);
  return {
    usage: createUsage(usage),
    // The statements read one row more than the limit.
    biggest: biggest.slice(0, query.biggest),
    recent: recent.slice(0, query.recent),
    idle: { ...idleSum, biggest: idle.slice(0, query.idle) },
    history: computeHistory(days, interval),
    seq: getLatestSeq(latest),
  };
}
