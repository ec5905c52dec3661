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

const app = createApp(async () => (await import('./other-routes.ts')).otherRoutes);

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    const { runCron } = await import('./cron.ts');
    await runCron(env);
  },
} satisfies ExportedHandler<Bindings>;
