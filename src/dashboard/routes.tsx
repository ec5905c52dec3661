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
import { pageStatus } from './http/page-response.ts';
import { roomPageRoutes } from './room/routes.tsx';
import { roomsRoutes } from './room-list/routes.tsx';
import { signInRoutes } from './sign-in/routes.tsx';
import { describeError, describePath, getStack } from '../lib/log-text.ts';

/** The pages. `deps` is all they know of accounts and the registry. */
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
      return c.html(renderErrorPage('Not available just now', outage.detail), 503);
    }
    return c.html(
      renderErrorPage('Something failed', 'It is on our side, not yours. Try again in a moment.'),
      pageStatus(error instanceof HTTPException ? error.status : 500),
    );
  });

  app.get('/', (c) => c.redirect(DEFAULT_NEXT));

  const headers = pageHeaders(deps);
  // By path, since middleware for all paths would reach the API's answers too.
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
  app.all('/dashboard/*', (c) => answerNoSuchPage(c));
  return app;
}

/** The page for an address where nothing is, with the headers of every page. */
export function noSuchPage(deps: DashboardDeps): (c: Context<AppEnv>) => Promise<Response> {
  const headers = pageHeaders(deps);
  return async (c) => {
    await headers(c, async () => {
      c.res = await answerNoSuchPage(c);
    });
    return c.res;
  };
}

async function answerNoSuchPage(c: Context<AppEnv>): Promise<Response> {
  return c.html(
    renderErrorPage('No such page', 'There is nothing at this address. It may have been mistyped.'),
    404,
  );
}
