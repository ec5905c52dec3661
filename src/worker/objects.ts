import type { Bindings } from '../domain/env.ts';
import { AccountEraser as AccountEraserBase } from '../erasure/account-eraser.ts';
import { readRoomLimits } from '../rooms/limits/read-limits.ts';
import { DocumentRoom as DocumentRoomBase } from '../rooms/object/document-room.ts';
import { WorkspaceRoom as WorkspaceRoomBase } from '../rooms/object/workspace-room.ts';
import { createErasurePorts } from './erasure-port.ts';
import { createRegistry } from './registry-port.ts';

/** The Durable Object classes with their dependencies. wrangler.toml refers to these names. */

export class WorkspaceRoom extends WorkspaceRoomBase<Bindings> {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env, createRegistry(env), readRoomLimits(env));
  }
}

export class DocumentRoom extends DocumentRoomBase<Bindings> {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env, createRegistry(env), readRoomLimits(env));
  }
}

export class AccountEraser extends AccountEraserBase<Bindings> {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env, createErasurePorts(env));
  }
}
