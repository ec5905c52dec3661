import { createApp } from './app.ts';
import type { Bindings } from './env.ts';
import { erasurePortsOf } from './erasure-port.ts';
import { AccountEraser as AccountEraserBase } from './erasure/account-eraser.ts';
import { registryOf } from './registry-port.ts';
import { configuredLimits } from './rooms/configured-limits.ts';
import { DocumentRoom as DocumentRoomBase } from './rooms/document-room.ts';
import { WorkspaceRoom as WorkspaceRoomBase } from './rooms/workspace-room.ts';

export class WorkspaceRoom extends WorkspaceRoomBase<Bindings> {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env, registryOf(env), configuredLimits(env));
  }
}

export class DocumentRoom extends DocumentRoomBase<Bindings> {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env, registryOf(env), configuredLimits(env));
  }
}

export class AccountEraser extends AccountEraserBase<Bindings> {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env, erasurePortsOf(env));
  }
}

const app = createApp(async () => {
  const { otherRoutes } = await import('./other-routes.ts');
  // Better Auth imports this while it is loaded, and each of its requests waits for that promise. A promise ends with the request
  // that made it: where that one was answered sooner, such as by a redirect, nobody could ever sign in.
  await import('node:async_hooks');
  return otherRoutes;
});

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    const { runCron } = await import('./cron.ts');
    await runCron(env);
  },
} satisfies ExportedHandler<Bindings>;
