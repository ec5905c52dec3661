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
  readErasureUnderWay,
  readSteps,
  stateOf,
} from './trail.ts';

/** What the routes are given. */
export interface ErasureRoutesDeps {
  /**
   * Locks the sender's account and asks for its erasure.
   * @returns whose it is and what the answer must set, or the refusal
   */
  deleteAccount(
    this: void,
    c: Context<AppEnv>,
  ): Promise<
    | { readonly ok: true; readonly userId: string; readonly setCookies: readonly string[] }
    | { readonly ok: false; readonly response: Response }
  >;
  /** Calls the eraser of an erasure that was asked for. */
  start(this: void, c: Context<AppEnv>, erasure: Erasure): Promise<unknown>;
}

/** Steps of one erasure that an answer holds, the newest ones. */
const STEPS_SHOWN = 500;
/** An external issuer's id is its URL and 255 bytes. */
const MAX_USER_ID_CHARACTERS = 2_048;

/** The parameters of the trail. */
export const erasuresQuerySchema = z.object({
  ...pageParameters,
  userId: z
    .string()
    .max(MAX_USER_ID_CHARACTERS, `userId has at most ${MAX_USER_ID_CHARACTERS} characters.`)
    .optional(),
});

/** Deleting one's account, behind `authenticate`; and how far the erasure is, for whoever knows its id. */
export function erasureRoutes({ deleteAccount, start }: ErasureRoutesDeps, deletePath: string): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  const remove = async (c: Context<AppEnv>, also: object): Promise<Response> => {
    const deleted = await deleteAccount(c);
    if (!deleted.ok) return deleted.response;
    const erasure = await readErasureUnderWay(c.env.DB, deleted.userId);
    for (const cookie of deleted.setCookies) c.header('set-cookie', cookie, { append: true });
    c.header('cache-control', 'no-store');
    // Should it be over already, there is nothing to follow.
    if (erasure === null) return c.json({ ...also, erasure: null }, 202);
    // What is lost here the cron makes good.
    c.get('afterResponse').push('start erasure', async () => start(c, erasure));
    return c.json({ ...also, erasure: progressOf(erasure) }, 202);
  };

  app.delete('/api/account', (c) => remove(c, {}));
  app.all('/api/account', (c) =>
    problem(405, `${c.req.method} is not allowed here.`, {}, { allow: 'DELETE' }),
  );
  // The body that Better Auth's client reads.
  app.post(deletePath, (c) => remove(c, { success: true, message: 'User deleted' }));

  app.get('/api/account/erasure/:id', async (c) => {
    const erasure = await find(c);
    c.header('cache-control', 'no-store');
    return erasure === null ? noSuch() : c.json({ erasure: progressOf(erasure) });
  });
  return app;
}

/** The audit trail, for operators. */
export const erasureTrailRoutes = new Hono<AppEnv>();

erasureTrailRoutes.get('/', async (c) => {
  const asked = readQuery(c, erasuresQuerySchema);
  if (!asked.ok) return asked.refusal;
  const { limit, cursor, userId = null } = asked.query;
  // Bound to the operator too, an account or a machine.
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
  return c.json({ erasures: rows.map(trailOf), nextCursor });
});

erasureTrailRoutes.get('/:id', async (c) => {
  const erasure = await find(c);
  if (erasure === null) return noSuch();
  const steps = await readSteps(c.env.DB, erasure.id, STEPS_SHOWN);
  c.header('cache-control', 'private, no-store');
  return c.json({ ...trailOf(erasure), steps: steps.map(({ at, ...step }) => ({ ...step, at: iso(at) })) });
});

async function find(c: Context<AppEnv>): Promise<Erasure | null> {
  const id = c.req.param('id') ?? '';
  return isErasureId(id) ? readErasure(c.env.DB, id) : null;
}

function noSuch(): Response {
  return problem(404, 'There is no erasure of this id.');
}

/** What the user sees. */
function progressOf(erasure: Erasure) {
  const { id, requestedAt, finishedAt, roomsFound, roomsErased } = erasure;
  return {
    id,
    state: stateOf(erasure),
    requestedAt: iso(requestedAt),
    finishedAt: finishedAt === null ? null : iso(finishedAt),
    roomsFound,
    roomsErased,
  };
}

/** What operators see. */
function trailOf(erasure: Erasure) {
  const { userId, requestedBy, touchedAt, sockets, failures } = erasure;
  const lastHeardAt = touchedAt === null ? null : iso(touchedAt);
  return { ...progressOf(erasure), userId, requestedBy, lastHeardAt, sockets, failures };
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
