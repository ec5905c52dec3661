import type { RegistryPort } from './contract.ts';
import type { RoomLimits } from './limits.ts';
import { SyncRoom } from './sync-room.ts';

/** A document: what is deleted is kept, for versions (Yjs `gc: false`). */
export abstract class DocumentRoom<Env> extends SyncRoom<Env> {
  constructor(ctx: DurableObjectState, env: Env, registry: RegistryPort, limits: RoomLimits) {
    super(ctx, env, registry, { collectGarbage: false, limits });
  }
}
