import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { Seen } from '../http/current-user.ts';

/** How far an erasure is. Times are Unix milliseconds. */
export interface ErasureProgress {
  readonly state: 'requested' | 'running' | 'finished';
  readonly requestedAt: number;
  readonly finishedAt: number | null;
  readonly roomsFound: number;
  readonly roomsErased: number;
}

export interface ErasureDeps {
  /** @returns `null` where there is no erasure of this id, which is secret */
  readErasure(c: Context<AppEnv>, id: string): Promise<Seen<ErasureProgress> | null>;
}
