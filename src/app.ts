import { Hono } from 'hono';
import { createAfterResponseQueue } from './after-response.ts';
import type { AppEnv } from './env.ts';
import { onError, onNotFound } from './problem.ts';
import { registryOf } from './registry-port.ts';
import { roomRoutes } from './rooms/routes.ts';

export function createApp(): Hono<AppEnv> {
  const app = new Hono<AppEnv>();
  app.onError(onError);
  app.notFound(onNotFound);
  app.use(async (c, next) => {
    const queue = createAfterResponseQueue();
    c.set('afterResponse', queue);
    await next();
    c.executionCtx.waitUntil(queue.drain());
  });
  app.get('/healthz', (c) => c.text('ok'));
  app.route('/', roomRoutes(registryOf));
  return app;
}
