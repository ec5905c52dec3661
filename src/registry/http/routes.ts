import { type Context, Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { respondIfChanged } from './conditional-response.ts';
import { historyQuerySchema, getInterval } from './history-query.ts';
import { instancesQuerySchema } from '../read/instances-query.ts';
import { getUsage, listInstances } from '../read/queries.ts';
import { invalidCursorProblem, readQuery } from '../../lib/query-parameters.ts';
import { getHistory } from '../read/usage-history.ts';
import { toApiHistory, toApiInstance } from './api-format.ts';

/** Refuses the operator token, which belongs to no user. */
const requireUser =
  (handle: (c: Context<AppEnv>, userId: string) => Promise<Response>) =>
  async (c: Context<AppEnv>): Promise<Response> => {
    const { userId } = c.get('principal');
    if (userId !== null) return handle(c, userId);
    return problem(403, 'The operator token has no rooms. Use the credential of a user.');
  };

/** Routes with which users read their own rooms. Run after `authenticate`. */
export const registryRoutes = new Hono<AppEnv>();

registryRoutes.get(
  '/api/instances',
  requireUser(async (c, userId) => {
    const asked = readQuery(c, instancesQuerySchema);
    if (!asked.ok) return asked.refusal;
    return respondIfChanged(c, { userId, about: ['instances', asked.query] }, async (session) => {
      const page = await listInstances(session, userId, asked.query);
      if (page === null) return invalidCursorProblem();
      const { seq, instances, nextCursor } = page;
      return { seq, body: { instances: instances.map(toApiInstance), nextCursor } };
    });
  }),
);

registryRoutes.get(
  '/api/usage',
  requireUser((c, userId) =>
    respondIfChanged(c, { userId, about: ['usage'] }, async (session) => {
      const { seq, ...body } = await getUsage(session, userId);
      return { seq, body };
    }),
  ),
);

registryRoutes.get(
  '/api/usage/history',
  requireUser(async (c, userId) => {
    const asked = readQuery(c, historyQuerySchema);
    if (!asked.ok) return asked.refusal;
    const now = Date.now();
    const interval = getInterval(asked.query, Math.floor(now / 1_000));
    if ('field' in interval) return problem(400, interval.detail, { field: interval.field });
    // The tag depends on the query, not on `now`: without changes, an earlier response stays valid. It contains its end time.
    return respondIfChanged(c, { userId, about: ['history', asked.query], now }, async (session) => {
      const { seq, ...history } = await getHistory(session, userId, interval);
      return { seq, body: toApiHistory(history, interval) };
    });
  }),
);
