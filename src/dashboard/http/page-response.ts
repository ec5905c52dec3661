import type { Context } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppEnv } from '../../domain/env.ts';

export type PageContext = Context<AppEnv>;

export function setCookies(c: PageContext, cookies: readonly string[]): void {
  for (const cookie of cookies) c.header('set-cookie', cookie, { append: true });
}

/** 400 for a status that error pages do not use. */
export function toPageStatus(status: number): ContentfulStatusCode {
  return (
    ([401, 403, 404, 409, 410, 413, 422, 429, 500, 502, 503] as const).find((known) => known === status) ??
    400
  );
}

/** 304: the browser's page is current. */
export function respondNotModified(c: PageContext, etag: string): Response {
  c.header('etag', etag);
  // The page's script sets its clock from it (assets/live/server-clock.ts).
  c.header('date', new Date().toUTCString());
  return c.body(null, 304);
}

/** @param seconds `undefined`: no header */
export function setRetryAfter(c: PageContext, seconds: number | undefined): void {
  if (seconds !== undefined) c.header('retry-after', String(seconds));
}
