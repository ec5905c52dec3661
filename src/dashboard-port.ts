import type { Context } from 'hono';
import { accountPorts } from './dashboard-ports/accounts.ts';
import type { DashboardDeps, Seen } from './dashboard/deps.ts';
import type { Overview } from './dashboard/overview/deps.ts';
import type { RoomsList } from './dashboard/room-list/deps.ts';
import type { AppEnv } from './env.ts';
import { readUnlessKnown } from './registry/answer.ts';
import { getOverview } from './registry/queries.ts';

/** How many rooms the overview shows as its biggest. */
const BIGGEST_SHOWN = 8;

/** Accounts and the registry as the pages see them. */
export const dashboardDeps: DashboardDeps = {
  ...accountPorts,
  readOverview: (c, userId) =>
    seen<Overview>(c, userId, ['overview page'], async (session) => {
      const query = { sort: 'storageBytes', order: 'desc', limit: BIGGEST_SHOWN } as const;
      const { usage, page, seq } = await getOverview(session, userId, query);
      return { seq, body: { usage, biggest: page?.instances ?? [] } };
    }),
  readRooms: (c, userId, query) =>
    seen<RoomsList>(c, userId, ['rooms page', query], async (session) => {
      const { seq, ...body } = await getOverview(session, userId, query);
      return { seq, body };
    }),
};

/** What a page of the user's rooms shows, unless his browser shows it already. */
async function seen<Data extends object>(
  c: Context<AppEnv>,
  userId: string,
  about: object,
  read: (session: D1DatabaseSession) => Promise<{ readonly seq: number; readonly body: Data }>,
): Promise<Seen<Data>> {
  const { body, etag } = await readUnlessKnown<Data>(c, { userId, about }, read);
  return { data: body, etag };
}
