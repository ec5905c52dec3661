import { type Context, Hono } from 'hono';
import { runAfterResponse } from '../lib/after-response.ts';
import { DELETE_USER_PATH, deleteAccount } from '../auth/accounts/delete-account.ts';
import { answerMe, ME_PATH } from '../auth/credentials/me.ts';
import { authenticate, requireOperator } from '../auth/credentials/middleware.ts';
import { authRoutes } from '../auth/accounts/routes.ts';
import { requireConfiguration } from './configuration.ts';
import { corsForTrustedOrigins } from './cors.ts';
import { createDashboardDeps } from './dashboard/dashboard-deps.ts';
import { dashboardRoutes, createNotFoundHandler } from '../dashboard/routes.tsx';
import { endSessionsAfterResponse } from './end-sessions.ts';
import type { AppEnv } from '../domain/env.ts';
import { callEraser } from './erasure-port.ts';
import { erasureRoutes, erasureTrailRoutes } from '../erasure/routes.ts';
import { readMirrorHealth } from '../mirror/health.ts';
import { mirrorPages } from '../mirror/pages.ts';
import { mirrorRoutes } from '../mirror/routes.ts';
import { onError, onNotFound } from '../lib/problem.ts';
import { createReadyResponse } from './ready.ts';
import { adminRoutes } from '../registry/http/admin-routes.ts';
import { storeBookmarkCookie } from '../registry/http/bookmark.ts';
import { registryRoutes } from '../registry/http/routes.ts';
import { startErasuresAfterResponse } from './start-erasures.ts';

/** The description changes only with deployments. */
const DESCRIPTION_CACHE = 'public, max-age=300';

/** All routes that sync does not need: accounts, the API, operators, pages. */
export const otherRoutes = createOtherRoutes();

function createOtherRoutes(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.onError(onError);
  const deps = createDashboardDeps(mirrorPages);
  const answerNoSuchPage = createNotFoundHandler(deps);
  // Browsers get a page, programs a problem document.
  app.notFound((c) => (wantsPage(c) ? answerNoSuchPage(c) : onNotFound(c)));

  app.get('/readyz', (c) => createReadyResponse(c, readMirrorHealth));

  app.get('/api/openapi.json', corsForTrustedOrigins, async (c) => {
    // Loaded on demand: it needs zod and all schemas.
    const { describeApi } = await import('../openapi/document.ts');
    return c.json(describeApi(), 200, { 'cache-control': DESCRIPTION_CACHE });
  });

  app.use(requireConfiguration, runAfterResponse);
  app.use('/api/*', corsForTrustedOrigins);

  app.use('/api/auth/*', endSessionsAfterResponse);
  for (const path of ['/sign-out', '/dashboard/account/*', '/dashboard/operators/*'])
    app.use(path, endSessionsAfterResponse);
  app.use('/api/account', authenticate);
  app.use(DELETE_USER_PATH, authenticate);
  app.route(
    '/',
    erasureRoutes(
      {
        deleteAccount: (c) => deleteAccount(c.req.raw, c.env, c.get('principal')),
        start: (c, { id, userId, requestedAt }) => callEraser(c.env, { id, userId, requestedAt }),
      },
      DELETE_USER_PATH,
    ),
  );
  app.use('/api/auth/admin/remove-user', startErasuresAfterResponse);
  app.route('/', authRoutes);
  app.get(ME_PATH, authenticate, answerMe);
  app.use('/api/instances', authenticate);
  app.use('/api/usage/*', authenticate);
  app.route('/', registryRoutes);
  app.use('/api/admin/*', authenticate, requireOperator);
  app.route('/', adminRoutes);
  app.route('/api/admin/mirror', mirrorRoutes());
  app.route('/api/admin/erasures', erasureTrailRoutes);

  app.use('/dashboard/*', storeBookmarkCookie);
  app.route('/', dashboardRoutes(deps));
  return app;
}

/** Whether a browser opened the address: others do not ask for `text/html`. */
function wantsPage(c: Context<AppEnv>): boolean {
  return c.req.method === 'GET' && (c.req.header('accept') ?? '').includes('text/html');
}
