import { createApp } from './app.ts';
import { endSessions } from './end-sessions.ts';
import type { Bindings } from './env.ts';
import { erasurePortsOf } from './erasure-port.ts';
import { AccountEraser as AccountEraserBase } from './erasure/account-eraser.ts';
import { readMirrorHealth } from './mirror/health.ts';
import { mirrorPages } from './mirror/pages.ts';
import { mirrorRoutes } from './mirror/routes.ts';
import { reconcileWhereDue, runMirror } from './mirror/run.ts';
import { pruneRegistry } from './prune-registry.ts';
import { registryOf } from './registry-port.ts';
import { configuredLimits } from './rooms/configured-limits.ts';
import { DocumentRoom as DocumentRoomBase } from './rooms/document-room.ts';
import { WorkspaceRoom as WorkspaceRoomBase } from './rooms/workspace-room.ts';
import { startErasures } from './start-erasures.ts';

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

const app = createApp({ routes: mirrorRoutes(), readHealth: readMirrorHealth, pages: mirrorPages });

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    // Side by side: the one may be slow, or have nothing to run against, and the other not wait for it. None rejects.
    await Promise.all([mirrorAndPrune(env), endSessions(env), startErasures(env)]);
  },
} satisfies ExportedHandler<Bindings>;

async function mirrorAndPrune(env: Bindings): Promise<void> {
  const outcome = await runMirror(env);
  await pruneRegistry(env, outcome);
  await reconcileWhereDue(env, outcome);
}
