import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../../domain/env.ts';

/** Request and response header with the D1 bookmark of the newest state that the client has seen. */
const BOOKMARK_HEADER = 'x-d1-bookmark';
/** For browsers, which cannot set a header in a navigation. */
const BOOKMARK_COOKIE = 'rk-d1-bookmark';
/** Long enough for every replica to receive a write. */
const BOOKMARK_COOKIE_MAX_AGE_S = 600;

/**
 * Dash-separated hexadecimal groups. Intentionally accepts more than D1's current format.
 * Source: Cloudflare, "D1: Global read replication", `getBookmark()`.
 */
const BOOKMARK = /^[0-9a-f]{1,64}(-[0-9a-f]{1,64}){1,7}$/;

/**
 * A D1 session that reads from the nearest replica, but never older data than the client's bookmark. Uses the primary if the
 * bookmark is malformed.
 */
export function openReadSession(c: Context<AppEnv>): D1DatabaseSession {
  const bookmark = c.req.header(BOOKMARK_HEADER) ?? getCookie(c, BOOKMARK_COOKIE);
  if (bookmark === undefined || bookmark === '') return c.env.DB.withSession('first-unconstrained');
  return c.env.DB.withSession(BOOKMARK.test(bookmark) ? bookmark : 'first-primary');
}

/** A D1 session on the primary, for data that the client changed without receiving a bookmark. */
export function openPrimarySession(c: Context<AppEnv>): D1DatabaseSession {
  return c.env.DB.withSession('first-primary');
}

/** Sends a session's bookmark to the client. */
export function setBookmarkHeader(c: Context<AppEnv>, bookmark: string | null): void {
  if (bookmark !== null) c.header(BOOKMARK_HEADER, bookmark);
}

/** For routes that write: stores the bookmark of the response in a cookie, so that the browser's next pages see the write. */
export const storeBookmarkCookie = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  const bookmark = c.res.headers.get(BOOKMARK_HEADER);
  if (bookmark === null || c.req.method === 'GET' || c.req.method === 'HEAD') return;
  setCookie(c, BOOKMARK_COOKIE, bookmark, {
    path: '/',
    httpOnly: true,
    sameSite: 'Lax',
    secure: new URL(c.req.url).protocol === 'https:',
    maxAge: BOOKMARK_COOKIE_MAX_AGE_S,
  });
});
