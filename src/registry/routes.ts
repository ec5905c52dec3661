import { type Context, Hono } from 'hono';
import type { AppEnv } from '../env.ts';
import { problem } from '../problem.ts';
import { answerUnlessKnown } from './answer.ts';
import { instancesQuerySchema } from './instances-query.ts';
import { getUsage, listInstances } from './queries.ts';
import { foreignCursor, readQuery } from '../query-parameters.ts';
import { toWire } from './wire.ts';

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
      if (page === null) return foreignCursor();
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
