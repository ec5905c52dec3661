import { type Context, Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { isUser, readRoomsByStorage, readTotals, readUsersByStorage } from '../read/admin-queries.ts';
import { respondIfChanged } from './conditional-response.ts';
import { setBookmarkHeader, openReadSession } from './bookmark.ts';
import { createPage, type ListIdentity, type Position, readPosition } from '../../lib/cursor.ts';
import {
  type AdminUsageQuery,
  adminInstancesQuerySchema,
  adminUsageQuerySchema,
} from '../read/instances-query.ts';
import { listInstances, UNMEASURED_KEY } from '../read/queries.ts';
import { invalidCursorProblem, readQuery } from '../../lib/query-parameters.ts';
import { iso, toApiInstance } from './api-format.ts';

/** Routes with which operators read the registry. Run after `requireOperator`. */
export const adminRoutes = new Hono<AppEnv>();

/** The reader that cursors are bound to: an operator's account, or the operator token. */
const getReader = (c: Context<AppEnv>): string => `operator ${c.get('principal').userId ?? ''}`;

adminRoutes.get('/api/admin/instances', async (c) => {
  const asked = readQuery(c, adminInstancesQuerySchema);
  if (!asked.ok) return asked.refusal;
  const { userId, ...query } = asked.query;
  const reader = getReader(c);
  return respondIfChanged(c, { userId, about: [reader, query] }, async (session) => {
    const page = await listInstances(session, userId, query, reader);
    if (page === null) return invalidCursorProblem();
    const { seq, instances, nextCursor } = page;
    if (instances.length === 0 && !(await isUser(session, userId))) {
      return problem(404, 'No user has this id.', { field: 'userId' });
    }
    return { seq, body: { userId, instances: instances.map(toApiInstance), nextCursor } };
  });
});

adminRoutes.get('/api/admin/usage', async (c) => {
  const asked = readQuery(c, adminUsageQuerySchema);
  if (!asked.ok) return asked.refusal;
  const { query } = asked;
  const list: ListIdentity = ['usage', getReader(c), query.by, query.since ?? null];
  const after = readPosition(list, query.cursor);
  if (after === 'refused') return invalidCursorProblem();

  const session = openReadSession(c);
  // Only on the first page, because they read the whole table.
  const sums = after === null ? await readTotals(session, query.since ?? null) : null;
  const page = await (query.by === 'users' ? usersPage : roomsPage)(session, list, query, after);
  const growth =
    sums?.growth && query.since !== undefined ? { since: iso(query.since), ...sums.growth } : null;
  setBookmarkHeader(c, session.getBookmark());
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
  const { rows, nextCursor } = createPage(list, limit, read, (user) => ({
    key: user.storageBytes,
    last: user.userId,
  }));
  const users = rows.map((user) => ({ ...user, lastAccessedAt: iso(user.lastAccessedAt) }));
  return { users, nextCursor };
}

async function roomsPage(
  session: D1DatabaseSession,
  list: ListIdentity,
  { limit }: AdminUsageQuery,
  after: Position | null,
) {
  const read = await readRoomsByStorage(session, after, limit + 1);
  const { rows, nextCursor } = createPage(list, limit, read, (room) => ({
    key: room.storageBytes ?? UNMEASURED_KEY,
    last: room.doName,
  }));
  return { rooms: rows.map(toApiInstance), nextCursor };
}
