import { Hono } from 'hono';
import { createAfterResponseQueue } from './after-response.ts';
import { authenticate, requireOperator } from './auth/middleware.ts';
import { DELETE_USER_PATH } from './auth/delete-account.ts';
import { authRoutes } from './auth/routes.ts';
import { requireConfiguration } from './configured.ts';
import { corsForTrustedOrigins } from './cors.ts';
import { dashboardDeps } from './dashboard-port.ts';
import type { MirrorPort } from './dashboard-ports/operators.ts';
import { dashboardRoutes } from './dashboard/routes.tsx';
import { endSessionsAfterwards } from './end-sessions.ts';
import { erasureRoutesDeps } from './erasure-port.ts';
import { erasureRoutes, erasureTrailRoutes } from './erasure/routes.ts';
import type { AppEnv } from './env.ts';
import { onError, onNotFound } from './problem.ts';
import { type ReadMirrorHealth, ready } from './ready.ts';
import { registryOf } from './registry-port.ts';
import { adminRoutes } from './registry/admin-routes.ts';
import { rememberBookmark } from './registry/bookmark.ts';
import { registryRoutes } from './registry/routes.ts';
import { roomRoutes } from './rooms/routes.ts';
import { snapshotRoutes } from './rooms/snapshot-routes.ts';
import { startErasuresAfterwards } from './start-erasures.ts';

/** What the app is given of the mirror, which it does not know. */
interface Mirror {
  readonly routes: Hono<AppEnv>;
  readonly readHealth: ReadMirrorHealth;
  readonly pages: MirrorPort;
}

/** It changes with deployments only. */
const DESCRIPTION_CACHE = 'public, max-age=300';

/** The whole URL surface. */
export function createApp(mirror: Mirror): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.onError(onError);
  app.notFound(onNotFound);

  app.get('/healthz', (c) => c.text('ok'));
  app.get('/readyz', (c) => ready(c, mirror.readHealth));

  app.get('/api/openapi.json', corsForTrustedOrigins, async (c) => {
    // Loaded by who asks for it, not by every isolate that starts.
    const { describeApi } = await import('./openapi/document.ts');
    return c.json(describeApi(), 200, { 'cache-control': DESCRIPTION_CACHE });
  });

  app.use(requireConfiguration);
  app.use(async (c, next) => {
    const queue = createAfterResponseQueue();
    c.set('afterResponse', queue);
    await next();
    c.executionCtx.waitUntil(queue.drain());
  });
  app.use('/api/*', corsForTrustedOrigins);
  app.use('/workspaces/*', corsForTrustedOrigins, authenticate, rememberBookmark);
  app.use('/documents/*', corsForTrustedOrigins, authenticate, rememberBookmark);

  app.route('/', roomRoutes(registryOf));
  app.route('/', snapshotRoutes(registryOf));
  app.use('/api/auth/*', endSessionsAfterwards);
  for (const path of ['/sign-out', '/dashboard/account/*', '/dashboard/operators/*'])
    app.use(path, endSessionsAfterwards);
  app.use('/api/account', authenticate);
  app.use(DELETE_USER_PATH, authenticate);
  app.route('/', erasureRoutes(erasureRoutesDeps, DELETE_USER_PATH));
  app.use('/api/auth/admin/remove-user', startErasuresAfterwards);
  app.route('/', authRoutes);
  app.use('/api/instances', authenticate);
  app.use('/api/usage/*', authenticate);
  app.route('/', registryRoutes);
  app.use('/api/admin/*', authenticate, requireOperator);
  app.route('/', adminRoutes);
  app.route('/api/admin/mirror', mirror.routes);
  app.route('/api/admin/erasures', erasureTrailRoutes);

  app.use('/dashboard/*', rememberBookmark);
  app.route('/', dashboardRoutes(dashboardDeps(mirror.pages)));
  return app;
}
