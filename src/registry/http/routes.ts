import { type Context, Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { answerUnlessKnown } from './answer.ts';
import { historyQuerySchema, intervalOf } from './history-query.ts';
import { instancesQuerySchema } from '../read/instances-query.ts';
import { getUsage, listInstances } from '../read/queries.ts';
import { invalidCursorProblem, readQuery } from '../../lib/query-parameters.ts';
import { getHistory } from '../read/usage-history.ts';
import { historyToWire, toWire } from './wire.ts';

/** A handler for users: a machine operator has no rooms of his own. */
const forUser =
  (handle: (c: Context<AppEnv>, userId: string) => Promise<Response>) =>
  async (c: Context<AppEnv>): Promise<Response> => {
    const { userId } = c.get('principal');
    if (userId !== null) return handle(c, userId);
    return problem(403, 'An operator token belongs to no user, so it has no rooms. Sign in as a user.');
  };

/** The registry as its owner reads it. Behind `authenticate`. */
export const registryRoutes = new Hono<AppEnv>();

registryRoutes.get(
  '/api/instances',
  forUser(async (c, userId) => {
    const asked = readQuery(c, instancesQuerySchema);
    if (!asked.ok) return asked.refusal;
    return answerUnlessKnown(c, { userId, about: ['instances', asked.query] }, async (session) => {
      const page = await listInstances(session, userId, asked.query);
      if (page === null) return invalidCursorProblem();
      const { seq, instances, nextCursor } = page;
      return { seq, body: { instances: instances.map(toWire), nextCursor } };
    });
  }),
);

registryRoutes.get(
  '/api/usage',
  forUser((c, userId) =>
    answerUnlessKnown(c, { userId, about: ['usage'] }, async (session) => {
      const { seq, ...body } = await getUsage(session, userId);
      return { seq, body };
    }),
  ),
);

registryRoutes.get(
  '/api/usage/history',
  forUser(async (c, userId) => {
    const asked = readQuery(c, historyQuerySchema);
    if (!asked.ok) return asked.refusal;
    const now = Date.now();
    const interval = intervalOf(asked.query, Math.floor(now / 1_000));
    if ('field' in interval) return problem(400, interval.detail, { field: interval.field });
    // As it was asked: an answer up to now stays the answer for as long as nothing changes, and says up to when it is.
    return answerUnlessKnown(c, { userId, about: ['history', asked.query], now }, async (session) => {
      const { seq, ...history } = await getHistory(session, userId, interval);
      return { seq, body: historyToWire(history, interval) };
    });
  }),
);
