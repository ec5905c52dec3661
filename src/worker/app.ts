import { Hono } from 'hono';
import { runAfterResponse } from '../lib/after-response.ts';
import { authenticate } from '../auth/credentials/middleware.ts';
import { requireConfiguration } from './configuration.ts';
import { corsForTrustedOrigins } from './cors.ts';
import type { AppEnv } from '../domain/env.ts';
import { holdRepeatedRefusals, holdRepeatedRefusalsOfUser } from './hold-refusals.ts';
import { onError } from '../lib/problem.ts';
import { createRegistry } from './registry-port.ts';
import { storeBookmarkCookie } from '../registry/http/bookmark.ts';
import { ROOM_PATHS } from '../domain/room-paths.ts';
import { createRoomRoutes } from '../rooms/http/room-routes.ts';
import { createVersionRoutes } from '../rooms/http/version-routes.ts';

/**
 * The whole URL surface. Routes for sync are here; all others are in other-routes.ts, which an isolate loads with the first
 * request for one of them. `npm run bundle` fails if a sync imports any of it, and shows the import.
 */
export function createApp(loadOtherRoutes: () => Promise<Hono<AppEnv>>): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.onError(onError);

  app.use(holdRepeatedRefusals);
  app.get('/healthz', (c) => c.text('ok'));

  for (const path of ROOM_PATHS) {
    const rooms = `${path}/*`;
    app.use(rooms, requireConfiguration, runAfterResponse, corsForTrustedOrigins);
    app.use(rooms, authenticate, holdRepeatedRefusalsOfUser, storeBookmarkCookie);
  }
  app.route('/', createRoomRoutes(createRegistry));
  app.route('/', createVersionRoutes(createRegistry));

  app.all('*', async (c) => {
    const loading = loadOtherRoutes();
    // Loading continues if the client disconnects.
    c.executionCtx.waitUntil(loading);
    return (await loading).fetch(c.req.raw, c.env, c.executionCtx);
  });
  return app;
}
