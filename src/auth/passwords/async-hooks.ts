import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Replaces Better Auth's module of this name (wrangler.toml, `alias`). The original keeps a promise at module level. It
 * belongs to the request that loads the module; if that request ends first, the promise never settles.
 */
export async function getAsyncLocalStorage(): Promise<typeof AsyncLocalStorage> {
  return AsyncLocalStorage;
}
