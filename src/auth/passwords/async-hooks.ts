import { AsyncLocalStorage } from 'node:async_hooks';

/**
 * Stands in for Better Auth's module of this name (wrangler.toml, `alias`). That one keeps a promise at its top level, which
 * is the request's that loads Better Auth: where it is answered before the promise has settled, nobody's ever does.
 */
export async function getAsyncLocalStorage(): Promise<typeof AsyncLocalStorage> {
  return AsyncLocalStorage;
}
