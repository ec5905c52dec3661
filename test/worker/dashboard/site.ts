import { createExecutionContext, waitOnExecutionContext } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { Hono } from 'hono';
import { authRoutes } from '../../../src/auth/accounts/routes.ts';
import { createAfterResponseQueue } from '../../../src/lib/after-response.ts';
import { createDashboardDeps } from '../../../src/worker/dashboard/dashboard-deps.ts';
import { dashboardRoutes } from '../../../src/dashboard/routes.tsx';
import type { AppEnv, Bindings } from '../../../src/domain/env.ts';
import { mirrorPages } from '../../../src/mirror/pages.ts';
import { onError, onNotFound } from '../../../src/lib/problem.ts';
import { storeBookmarkCookie } from '../../../src/registry/http/bookmark.ts';

export const ORIGIN = 'https://rooms.example';

const app = new Hono<AppEnv>();
app.onError(onError);
app.notFound(onNotFound);
app.use(async (c, next) => {
  const queue = createAfterResponseQueue();
  c.set('afterResponse', queue);
  await next();
  c.executionCtx.waitUntil(queue.drain());
});
app.use('/dashboard/*', storeBookmarkCookie);
app.route('/', authRoutes);
app.route('/', dashboardRoutes(createDashboardDeps(mirrorPages)));

/** Asks for a page as a browser would, without following redirects. What the answer leaves to do is done afterwards. */
export async function ask(
  path: string,
  init: RequestInit = {},
  bindings: Partial<Bindings> = {},
): Promise<Response> {
  const context = createExecutionContext();
  const response = await app.request(`${ORIGIN}${path}`, init, { ...env, ...bindings }, context);
  await waitOnExecutionContext(context);
  return response;
}

/** Sends a form as a page of this site would, unless the headers say otherwise. */
export function send(
  path: string,
  fields: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return ask(path, {
    method: 'POST',
    headers: { origin: ORIGIN, 'content-type': 'application/x-www-form-urlencoded', ...headers },
    body: new URLSearchParams(fields).toString(),
  });
}

/** The `Cookie` header with which a browser answers these `Set-Cookie` headers. */
export function readCookie(response: Response): string {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(';')[0] ?? '')
    .join('; ');
}

export const PASSWORD = 'correct horse battery';

/** Signs a new user up by the form. */
export async function newUser(name = 'Ada'): Promise<{ id: string; email: string; cookie: string }> {
  const email = `${crypto.randomUUID()}@example.com`;
  const response = await send('/sign-up', { name, email, password: PASSWORD });
  if (response.status !== 303) throw new Error(`${response.status}: ${await response.text()}`);
  const user = await env.DB.prepare('SELECT id FROM user WHERE email = ?')
    .bind(email)
    .first<{ id: string }>();
  if (user === null) throw new Error('signed up without a row');
  return { id: user.id, email, cookie: readCookie(response) };
}
