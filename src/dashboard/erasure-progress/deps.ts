import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { ConditionalRead } from '../http/current-user.ts';

/** Times are Unix milliseconds. */
export interface ErasureProgress {
  readonly state: 'requested' | 'running' | 'finished';
  readonly requestedAt: number;
  readonly finishedAt: number | null;
  readonly roomsFound: number;
  readonly roomsErased: number;
}

export interface ErasureDeps {
  /** @returns `null` if there is no erasure with this id, which is secret */
  readErasure(c: Context<AppEnv>, id: string): Promise<ConditionalRead<ErasureProgress> | null>;
}
