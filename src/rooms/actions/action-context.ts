import type { Context } from 'hono';
import type { AppEnv, Bindings } from '../../domain/env.ts';
import type { AfterResponseQueue } from '../../lib/after-response.ts';
import type { RegistryPort } from '../contract/contract.ts';
import type { CountCreation } from './creation-limits.ts';

/** The registry as actions use it. `remove` may return a D1 bookmark for the owner's next read. */
interface RoomsRegistry {
  record: RegistryPort['record'];
  remove(deleted: { doName: string; createdAt: number }): Promise<{ bookmark: string | null }>;
  countCreation: CountCreation;
}

export type CreateRegistry = (env: Bindings) => RoomsRegistry;

/** What every action on a room needs of the request that it serves. */
export interface ActionContext {
  readonly env: Bindings;
  readonly registry: RoomsRegistry;
  readonly afterResponse: AfterResponseQueue;
  /** Keeps the Worker running until the promise settles. */
  readonly waitUntil: (promise: Promise<unknown>) => void;
}

export function createActionContext(c: Context<AppEnv>, createRegistry: CreateRegistry): ActionContext {
  return {
    env: c.env,
    registry: createRegistry(c.env),
    afterResponse: c.get('afterResponse'),
    waitUntil: (promise) => c.executionCtx.waitUntil(promise),
  };
}
