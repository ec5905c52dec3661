import type { Context } from 'hono';
import { getCookie, setCookie } from 'hono/cookie';
import { createMiddleware } from 'hono/factory';
import type { AppEnv } from '../../domain/env.ts';
import { withPiggybackedQuery } from '../../lib/piggybacked-query.ts';

/** Request and response header with the bookmark of the newest state its bearer has seen. */
const BOOKMARK_HEADER = 'x-d1-bookmark';
/** The same for browsers, which send no header of their own with a navigation. */
const BOOKMARK_COOKIE = 'rk-d1-bookmark';
/** How long a browser keeps one. Every replica is past a write long before. */
const BOOKMARK_COOKIE_MAX_AGE_S = 600;

/**
 * Dash-separated hexadecimal groups, as D1 gives them; bounded, and wider than today's form on purpose.
 * Source: Cloudflare, "D1: Global read replication", `getBookmark()`.
 */
const BOOKMARK = /^[0-9a-f]{1,64}(-[0-9a-f]{1,64}){1,7}$/;

/**
 * A D1 session that reads from the nearest replica, but nothing older than what the sender says he has seen. What
 * is no bookmark is answered by the primary, which is never older than anything.
 */
export function readSession(c: Context<AppEnv>): D1DatabaseSession {
  const bookmark = c.req.header(BOOKMARK_HEADER) ?? getCookie(c, BOOKMARK_COOKIE);
  if (bookmark === undefined || bookmark === '') return sessionAt(c, 'first-unconstrained');
  return sessionAt(c, BOOKMARK.test(bookmark) ? bookmark : 'first-primary');
}

/** A session on the primary, for what the sender has changed without a bookmark. */
export function readPrimary(c: Context<AppEnv>): D1DatabaseSession {
  return sessionAt(c, 'first-primary');
}

function sessionAt(c: Context<AppEnv>, constraint: string): D1DatabaseSession {
  const session = c.env.DB.withSession(constraint);
  const piggybackedQuery = c.get('piggybackedQuery');
  return piggybackedQuery === undefined ? session : withPiggybackedQuery(session, piggybackedQuery);
}

/** Hands a session's bookmark on to an API client. */
export function handOnBookmark(c: Context<AppEnv>, bookmark: string | null): void {
  if (bookmark !== null) c.header(BOOKMARK_HEADER, bookmark);
}

/**
 * For routes that write: where an answer hands a bookmark on, the pages that the same browser asks for next are read
 * no older than that.
 */
export const rememberBookmark = createMiddleware<AppEnv>(async (c, next) => {
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
