import { type Context, Hono } from 'hono';
import type { AppEnv } from '../env.ts';
import { problem } from '../problem.ts';
import { handOnBookmark, readSession } from './bookmark.ts';
import { instancesQuerySchema } from './instances-query.ts';
import { getUsage, type Instance, listInstances } from './queries.ts';

const iso = (ms: number) => new Date(ms).toISOString();

/** A row as the API shows it: times in ISO 8601. */
function toWire(instance: Instance) {
  return {
    ...instance,
    storageMeasuredAt: instance.storageMeasuredAt === null ? null : iso(instance.storageMeasuredAt),
    createdAt: iso(instance.createdAt),
    lastAccessedAt: iso(instance.lastAccessedAt),
  };
}

/** A handler for users: a machine operator has no rooms of his own. */
const forUser =
  (handle: (c: Context<AppEnv>, userId: string) => Promise<Response>) =>
  async (c: Context<AppEnv>): Promise<Response> => {
    const { userId } = c.get('principal');
    if (userId !== null) return handle(c, userId);
    return problem(403, 'An operator token belongs to no user, so it has no rooms. Sign in as a user.');
  };

/** Answers with what `session` read: for this user alone, and with the bookmark of what he has now seen. */
function answer(c: Context<AppEnv>, session: D1DatabaseSession, body: object): Response {
  handOnBookmark(c, session.getBookmark());
  c.header('cache-control', 'private, no-store');
  return c.json(body);
}

/** The registry as its owner reads it. Behind `authenticate`. */
export const registryRoutes = new Hono<AppEnv>();

registryRoutes.get(
  '/api/instances',
  forUser(async (c, userId) => {
    const parsed = instancesQuerySchema.safeParse(c.req.query());
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      return problem(400, issue?.message ?? 'A parameter is malformed.', { field: String(issue?.path[0]) });
    }
    const session = readSession(c);
    const page = await listInstances(session, userId, parsed.data);
    if (page === null) {
      return problem(400, 'cursor is not one that this query was answered with. Start without one.', {
        field: 'cursor',
      });
    }
    return answer(c, session, { instances: page.instances.map(toWire), nextCursor: page.nextCursor });
  }),
);

registryRoutes.get(
  '/api/usage',
  forUser(async (c, userId) => {
    const session = readSession(c);
    return answer(c, session, await getUsage(session, userId));
  }),
);
