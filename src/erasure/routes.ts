import { type Context, Hono } from 'hono';
import * as z from 'zod';
import { createPage, type ListIdentity, readPosition } from '../lib/cursor.ts';
import { pageParameters } from '../lib/page-parameters.ts';
import type { AppEnv } from '../domain/env.ts';
import { problem } from '../lib/problem.ts';
import { invalidCursorProblem, readQuery } from '../lib/query-parameters.ts';
import {
  type Erasure,
  isErasureId,
  readErasure,
  readErasures,
  readUnfinishedErasure,
  readSteps,
  getErasureState,
} from './trail.ts';

/** Dependencies of the routes. */
export interface ErasureRoutesDeps {
  /** Locks the caller's account and requests its erasure. */
  deleteAccount(
    this: void,
    c: Context<AppEnv>,
  ): Promise<
    | { readonly ok: true; readonly userId: string; readonly setCookies: readonly string[] }
    | { readonly ok: false; readonly response: Response }
  >;
  /** Starts the eraser of a requested erasure. */
  start(this: void, c: Context<AppEnv>, erasure: Erasure): Promise<unknown>;
}

/** The newest steps of an erasure in a response. */
const MAX_STEPS_SHOWN = 500;
/** The id of an external user is the issuer's URL and up to 255 bytes. */
const MAX_USER_ID_CHARACTERS = 2_048;

/** The parameters of `GET /api/admin/erasures`. */
export const erasuresQuerySchema = z.object({
  ...pageParameters,
  userId: z
    .string()
    .max(MAX_USER_ID_CHARACTERS, `userId may have at most ${MAX_USER_ID_CHARACTERS} characters.`)
    .optional(),
});

/** Routes to delete the caller's account (after `authenticate`) and to read the progress of an erasure by its id. */
export function erasureRoutes({ deleteAccount, start }: ErasureRoutesDeps, deletePath: string): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  const remove = async (c: Context<AppEnv>, also: object): Promise<Response> => {
    const deleted = await deleteAccount(c);
    if (!deleted.ok) return deleted.response;
    const erasure = await readUnfinishedErasure(c.env.DB, deleted.userId);
    for (const cookie of deleted.setCookies) c.header('set-cookie', cookie, { append: true });
    c.header('cache-control', 'no-store');
    // The erasure may have finished already.
    if (erasure === null) return c.json({ ...also, erasure: null }, 202);
    // If this fails, the cron starts the erasure.
    c.get('afterResponse').push('start erasure', async () => start(c, erasure));
    return c.json({ ...also, erasure: toProgress(erasure) }, 202);
  };

  app.delete('/api/account', (c) => remove(c, {}));
  app.all('/api/account', (c) =>
    problem(405, `${c.req.method} is not allowed here.`, {}, { allow: 'DELETE' }),
  );
  // The body that Better Auth's client expects.
  app.post(deletePath, (c) => remove(c, { success: true, message: 'User deleted' }));

  app.get('/api/account/erasure/:id', async (c) => {
    const erasure = await find(c);
    c.header('cache-control', 'no-store');
    return erasure === null ? notFound() : c.json({ erasure: toProgress(erasure) });
  });
  return app;
}

/** Routes of the audit trail, for operators. */
export const erasureTrailRoutes = new Hono<AppEnv>();

erasureTrailRoutes.get('/', async (c) => {
  const asked = readQuery(c, erasuresQuerySchema);
  if (!asked.ok) return asked.refusal;
  const { limit, cursor, userId = null } = asked.query;
  // `userId` is null for the operator token.
  const list: ListIdentity = ['erasures', c.get('principal').userId, userId];
  const position = readPosition(list, cursor);
  if (position === 'refused') return invalidCursorProblem();
  const after = position === null ? null : { requestedAt: Number(position.key), id: position.last };
  // One more row shows whether there is a next page.
  const found = await readErasures(c.env.DB, { after, userId, limit: limit + 1 });
  const { rows, nextCursor } = createPage(list, limit, found, ({ requestedAt, id }) => ({
    key: requestedAt,
    last: id,
  }));
  c.header('cache-control', 'private, no-store');
  return c.json({ erasures: rows.map(toTrail), nextCursor });
});

erasureTrailRoutes.get('/:id', async (c) => {
  const erasure = await find(c);
  if (erasure === null) return notFound();
  const steps = await readSteps(c.env.DB, erasure.id, MAX_STEPS_SHOWN);
  c.header('cache-control', 'private, no-store');
  return c.json({ ...toTrail(erasure), steps: steps.map(({ at, ...step }) => ({ ...step, at: iso(at) })) });
});

async function find(c: Context<AppEnv>): Promise<Erasure | null> {
  const id = c.req.param('id') ?? '';
  return isErasureId(id) ? readErasure(c.env.DB, id) : null;
}

function notFound(): Response {
  return problem(404, 'No erasure has this id.');
}

/** The public part of an erasure. */
function toProgress(erasure: Erasure) {
  const { id, requestedAt, finishedAt, roomsFound, roomsErased } = erasure;
  return {
    id,
    state: getErasureState(erasure),
    requestedAt: iso(requestedAt),
    finishedAt: finishedAt === null ? null : iso(finishedAt),
    roomsFound,
    roomsErased,
  };
}

/** An erasure for operators. */
function toTrail(erasure: Erasure) {
  const { userId, requestedBy, touchedAt, sockets, failures } = erasure;
  const lastHeardAt = touchedAt === null ? null : iso(touchedAt);
  return { ...toProgress(erasure), userId, requestedBy, lastHeardAt, sockets, failures };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
