import { type Context, Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { isUser, readRoomsByStorage, readTotals, readUsersByStorage } from '../read/admin-queries.ts';
import { answerUnlessKnown } from './answer.ts';
import { handOnBookmark, readSession } from './bookmark.ts';
import { decodeCursor, encodeCursor, type ListIdentity, type Position } from '../../lib/cursor.ts';
import {
  type AdminUsageQuery,
  adminInstancesQuerySchema,
  adminUsageQuerySchema,
} from '../read/instances-query.ts';
import { listInstances } from '../read/queries.ts';
import { invalidCursorProblem, readQuery } from '../../lib/query-parameters.ts';
import { iso, toWire } from './wire.ts';

/** Sorted after every size that is known. */
const UNMEASURED_KEY = -1;

/** The registry as operators read it. Behind `requireOperator`. */
export const adminRoutes = new Hono<AppEnv>();

/** Who reads, as cursors are bound to him: an account, or a machine with the operator token. */
const readerOf = (c: Context<AppEnv>): string => `operator ${c.get('principal').userId ?? ''}`;

adminRoutes.get('/api/admin/instances', async (c) => {
  const asked = readQuery(c, adminInstancesQuerySchema);
  if (!asked.ok) return asked.refusal;
  const { userId, ...query } = asked.query;
  const reader = readerOf(c);
  return answerUnlessKnown(c, { userId, about: [reader, query] }, async (session) => {
    const page = await listInstances(session, userId, query, reader);
    if (page === null) return invalidCursorProblem();
    const { seq, instances, nextCursor } = page;
    if (instances.length === 0 && !(await isUser(session, userId))) {
      return problem(404, 'There is no user of this id.', { field: 'userId' });
    }
    return { seq, body: { userId, instances: instances.map(toWire), nextCursor } };
  });
});

adminRoutes.get('/api/admin/usage', async (c) => {
  const asked = readQuery(c, adminUsageQuerySchema);
  if (!asked.ok) return asked.refusal;
  const { query } = asked;
  const list: ListIdentity = ['usage', readerOf(c), query.by, query.since ?? null];
  const after = query.cursor === undefined ? null : decodeCursor(list, 'number', query.cursor);
  if (query.cursor !== undefined && after === null) return invalidCursorProblem();

  const session = readSession(c);
  // Only the first page has them: each reads the whole table.
  const sums = after === null ? await readTotals(session, query.since ?? null) : null;
  const page = await (query.by === 'users' ? usersPage : roomsPage)(session, list, query, after);
  const growth =
    sums?.growth && query.since !== undefined ? { since: iso(query.since), ...sums.growth } : null;
  handOnBookmark(c, session.getBookmark());
  return c.json({ totals: sums?.totals ?? null, growth, ...page }, 200, {
    'cache-control': 'private, no-store',
  });
});

async function usersPage(
  session: D1DatabaseSession,
  list: ListIdentity,
  { limit }: AdminUsageQuery,
  after: Position | null,
) {
  const read = await readUsersByStorage(session, after, limit + 1);
  const { kept, nextCursor } = cut(list, limit, read, (user) => ({
    key: user.storageBytes,
    last: user.userId,
  }));
  const users = kept.map((user) => ({ ...user, lastAccessedAt: iso(user.lastAccessedAt) }));
  return { users, nextCursor };
}

async function roomsPage(
  session: D1DatabaseSession,
  list: ListIdentity,
  { limit }: AdminUsageQuery,
  after: Position | null,
) {
  const read = await readRoomsByStorage(session, after, limit + 1);
  const { kept, nextCursor } = cut(list, limit, read, (room) => ({
    key: room.storageBytes ?? UNMEASURED_KEY,
    last: room.doName,
  }));
  return { rooms: kept.map(toWire), nextCursor };
}

/** A page of what was read, which is one more than it holds where there is a next one. */
function cut<Row>(
  list: ListIdentity,
  limit: number,
  rows: readonly Row[],
  positionAt: (row: Row) => Position,
): { kept: readonly Row[]; nextCursor: string | null } {
  const kept = rows.slice(0, limit);
  const last = rows.length > limit ? kept.at(-1) : undefined;
  return { kept, nextCursor: last === undefined ? null : encodeCursor(list, positionAt(last)) };
}
