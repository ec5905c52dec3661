import { type Context, Hono } from 'hono';
import { HTTPException } from 'hono/http-exception';
import { getD1Outage } from '../lib/d1-outage.ts';
import type { AppEnv } from '../domain/env.ts';
import { accountRoutes } from './account/routes.tsx';
import type { DashboardDeps } from './deps.ts';
import { erasureRoutes } from './erasure-progress/routes.tsx';
import { renderErrorPage } from './ui/error-page.tsx';
import { DEFAULT_NEXT } from './http/next-path.ts';
import { operatorsRoutes } from './operators/routes.tsx';
import { overviewRoutes } from './overview/routes.tsx';
import { pageHeaders } from './http/page-headers.ts';
import { toPageStatus } from './http/page-response.ts';
import { roomPageRoutes } from './room/routes.tsx';
import { roomsRoutes } from './room-list/routes.tsx';
import { signInRoutes } from './sign-in/routes.tsx';
import { describeError, describePath, getStack } from '../lib/log-text.ts';

/** All pages. */
export function dashboardRoutes(deps: DashboardDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.onError((error, c) => {
    if (!(error instanceof HTTPException)) {
      console.error({
        event: 'page_failed',
        path: describePath(c.req.path),
        error: describeError(error),
        stack: getStack(error),
      });
    }
    const outage = getD1Outage(error);
    if (outage !== null) {
      c.header('retry-after', String(outage.retryAfterS));
      return c.html(renderErrorPage('Temporarily unavailable', outage.detail), 503);
    }
    return c.html(
      renderErrorPage('Something failed', 'The server could not show this page. Try again in a moment.'),
      toPageStatus(error instanceof HTTPException ? error.status : 500),
    );
  });

  app.get('/', (c) => c.redirect(DEFAULT_NEXT));

  const headers = pageHeaders(deps);
  // Per path: middleware for `*` would also run for responses of the API.
  for (const path of [
    '/dashboard',
    '/dashboard/*',
    '/erasure/*',
    '/sign-in',
    '/sign-in/*',
    '/sign-up',
    '/sign-out',
  ]) {
    app.use(path, headers);
  }
  app.route('/', signInRoutes(deps));
  app.route('/', overviewRoutes(deps));
  app.route('/', roomsRoutes(deps));
  app.route('/', accountRoutes(deps));
  app.route('/', erasureRoutes(deps));
  app.route('/', roomPageRoutes(deps));
  app.route('/', operatorsRoutes(deps));
  app.all('/dashboard/*', (c) => renderNotFound(c));
  return app;
}

/** The 404 page, with the headers of all pages. */
export function createNotFoundHandler(deps: DashboardDeps): (c: Context<AppEnv>) => Promise<Response> {
  const headers = pageHeaders(deps);
  return async (c) => {
    await headers(c, async () => {
      c.res = await renderNotFound(c);
    });
    return c.res;
  };
}

async function renderNotFound(c: Context<AppEnv>): Promise<Response> {
  return c.html(renderErrorPage('No such page', 'There is no page at this address. Check the address.'), 404);
}
