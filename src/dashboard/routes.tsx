import { Hono } from 'hono';
import { etag } from 'hono/etag';
import { HTTPException } from 'hono/http-exception';
import { z } from 'zod';
import type { AppEnv } from '../env.ts';
import { accountRoutes } from './account-routes.tsx';
import { endpointsOf } from './connect-guide.tsx';
import { DashboardPage } from './dashboard-page.tsx';
import { type DashboardDeps, ROOM_SORTS } from './deps.ts';
import { renderErrorPage } from './error-page.tsx';
import { renderPage } from './layout.tsx';
import { DEFAULT_NEXT, signInPath } from './next-path.ts';
import { pageHeaders } from './page-headers.ts';
import { pageStatus, setCookies } from './page-response.ts';
import { dashboardPath } from './rooms-table.tsx';
import { STYLESHEET, STYLESHEET_PATH, STYLESHEET_VERSION } from './styles.ts';

/** How many rooms a page shows. */
const ROOMS_A_PAGE = 50;
const MAX_CURSOR_LENGTH = 4_096;

/** An address that was mistyped or has aged shows the first page of the usual order. */
const dashboardQuerySchema = z.object({
  sort: z.enum(ROOM_SORTS).catch('storageBytes'),
  order: z.enum(['asc', 'desc']).catch('desc'),
  cursor: z.string().max(MAX_CURSOR_LENGTH).optional().catch(undefined),
});

/** The pages. `deps` is all they know of accounts and the registry. */
export function dashboardRoutes(deps: DashboardDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.onError((error, c) => {
    if (!(error instanceof HTTPException)) {
      console.error({ event: 'page failed', path: c.req.path, error: String(error), stack: error.stack });
    }
    return c.html(
      renderErrorPage('Something failed', 'It is on our side, not yours. Try again in a moment.'),
      pageStatus(error instanceof HTTPException ? error.status : 500),
    );
  });

  app.get(STYLESHEET_PATH, etag(), (c) => {
    const current = c.req.query('v') === STYLESHEET_VERSION;
    c.header('cache-control', current ? 'public, max-age=31536000, immutable' : 'no-cache');
    c.header('content-type', 'text/css; charset=utf-8');
    return c.body(STYLESHEET);
  });

  app.get('/', (c) => c.redirect(DEFAULT_NEXT));

  // By path, since middleware for all paths would reach the API's answers too.
  for (const path of ['/dashboard', '/sign-in', '/sign-up', '/sign-out']) app.use(path, pageHeaders);
  app.route('/', accountRoutes(deps));

  app.get('/dashboard', async (c) => {
    const user = await deps.currentUser(c);
    const { pathname, search, origin } = new URL(c.req.url);
    if (user === null) return c.redirect(signInPath(pathname + search), 303);
    setCookies(c, user.setCookies);
    const query = { ...dashboardQuerySchema.parse(c.req.query()), limit: ROOMS_A_PAGE };
    const { usage, page } = await deps.readOverview(c, user.id, query);
    if (page === null) return c.redirect(dashboardPath({ sort: query.sort, order: query.order }), 303);
    const shown = { usage, page, query, endpoints: endpointsOf(origin), now: Date.now() };
    return c.html(renderPage({ title: 'Your rooms', user }, <DashboardPage {...shown} />));
  });

  return app;
}
