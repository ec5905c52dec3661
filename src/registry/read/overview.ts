import { eq, lt } from 'drizzle-orm';
import {
  type AsOf,
  type Instance,
  instancesStatement,
  latestSeqStatement,
  onlyRow,
  readerOf,
  seqOf,
  type Sum,
  sumsOf,
  type Usage,
  USAGE_COLUMNS,
  usageOf,
} from './queries.ts';
import { durableObjectInstance as instance } from '../schema.ts';
import { historyOf, historyStatement, type Interval, type StorageHistory } from './usage-history.ts';

export interface OverviewQuery {
  /** How many of each to give at most. */
  readonly biggest: number;
  readonly recent: number;
  readonly idle: number;
  /** A room is idle if it was last used before this time, Unix milliseconds. */
  readonly idleBefore: number;
  /** Of which the history is told. */
  readonly interval: Interval;
}

/** What a user has. */
export interface Overview {
  readonly usage: Usage;
  /** The biggest first; those not measured last. */
  readonly biggest: readonly Instance[];
  /** The one used last first. */
  readonly recent: readonly Instance[];
  readonly idle: Sum & { readonly biggest: readonly Instance[] };
  readonly history: StorageHistory;
}

/**
 * A user's rooms at a glance, as of one moment, in one round trip. The cost is his own rooms, four times, and
 * the days of the history.
 */
export async function getOverview(
  session: D1DatabaseSession,
  userId: string,
  query: OverviewQuery,
): Promise<AsOf<Overview>> {
  const db = readerOf(session);
  const { idleBefore, interval } = query;
  const bySize = { sort: 'storageBytes', order: 'desc' } as const;
  const [sums, biggest, recent, idle, days, latest] = await db.batch([
    db
      .select({ ...USAGE_COLUMNS, idle: sumsOf(lt(instance.lastAccessedAt, idleBefore), 'idle') })
      .from(instance)
      .where(eq(instance.userId, userId)),
    instancesStatement(db, userId, { ...bySize, limit: query.biggest }, null),
    instancesStatement(db, userId, { sort: 'lastAccessedAt', order: 'desc', limit: query.recent }, null),
    instancesStatement(db, userId, { ...bySize, limit: query.idle, usedBefore: idleBefore }, null),
    historyStatement(db, userId, interval),
    latestSeqStatement(db),
  ]);
  const { idle: idleSum, ...usage } = onlyRow(sums);
  return {
    usage: usageOf(usage),
    // A statement gives one more than its limit, for lists that go on.
    biggest: biggest.slice(0, query.biggest),
    recent: recent.slice(0, query.recent),
    idle: { ...idleSum, biggest: idle.slice(0, query.idle) },
    history: historyOf(days, interval),
    seq: seqOf(latest),
  };
}
