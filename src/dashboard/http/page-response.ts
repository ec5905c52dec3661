import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppEnv } from '../../domain/env.ts';

export type PageContext = Context<AppEnv>;

export function setCookies(c: PageContext, cookies: readonly string[]): void {
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true });
}

/** The status of an error's page, from one that may be any number. */
export function pageStatus(status: number): ContentfulStatusCode {
  return (
    ([401, 403, 404, 409, 410, 413, 422, 429, 500, 502, 503] as const).find((known) => known === status) ??
    400
  );
}

/** That the page which the browser shows is still true. */
export function stillTrue(c: PageContext, etag: string): Response {
  c.header('etag', etag);
  // The open page takes the time of day from it (assets/live/server-clock.ts).
  c.header('date', new Date().toUTCString());
  return c.body(null, 304);
}

/** @param seconds for how long nothing more is taken; `undefined` where that is not why */
export function retryLater(c: PageContext, seconds: number | undefined): void {
  if (seconds !== undefined) c.header('retry-after', String(seconds));
}
