import type { RegistryPort } from '../contract/contract.ts';
import type { RoomLimits } from '../limits/room-limits.ts';
import { SyncRoom } from './sync-room.ts';

/** A workspace has structured metadata. Compaction drops deleted content (Yjs `gc: true`). */
export abstract class WorkspaceRoom<Env> extends SyncRoom<Env> {
  constructor(ctx: DurableObjectState, env: Env, registry: RegistryPort, limits: RoomLimits) {
    super(ctx, env, registry, { collectGarbage: true, limits });
  }
}
