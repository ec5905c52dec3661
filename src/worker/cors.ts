import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { isTrustedOrigin, UNTRUSTED_ORIGIN } from '../auth/identity/origins.ts';
import { isCrossOrigin } from '../lib/origin.ts';
import type { AppEnv } from '../domain/env.ts';
import { problem } from '../lib/problem.ts';
import { isUpgrade } from '../lib/refuse-upgrade.ts';

/** How long a browser may keep a preflight's answer, in seconds. Chromium keeps none longer. */
const PREFLIGHT_MAX_AGE_S = 7_200;

const crossOrigin = cors({
  origin: (origin, c) => (isTrustedOrigin(c.env, origin) ? origin : null),
  // Bearer tokens only: a cookie never counts for another origin's page.
  credentials: false,
  allowMethods: ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'],
  allowHeaders: ['authorization', 'content-type', 'if-none-match', 'room-incarnation', 'x-d1-bookmark'],
  exposeHeaders: [
    'etag',
    'yjs-state-vector',
    'room-incarnation',
    'retry-after',
    'x-d1-bookmark',
    'set-auth-token',
  ],
  maxAge: PREFLIGHT_MAX_AGE_S,
});

/** Origins that were logged. Clients choose them, so the list is bounded. */
const logged = new Set<string>();
const MAX_LOGGED = 50;
const MAX_ORIGIN_CHARACTERS = 255;

/**
 * CORS for the origins of `TRUSTED_ORIGINS`. Upgrades know no CORS: there the credential decides. The browser hides from a
 * page why its preflight failed, so the answer and the log name the setting.
 */
export const corsForTrustedOrigins: MiddlewareHandler<AppEnv> = async (c, next) => {
  const request = c.req.raw;
  if (isUpgrade(request)) return next();
  const isPreflight = request.method === 'OPTIONS' && request.headers.has('access-control-request-method');
  const origin = request.headers.get('origin');
  if (isPreflight && origin !== null && isCrossOrigin(request) && !isTrustedOrigin(c.env, origin)) {
    logUntrusted(origin);
    return problem(403, UNTRUSTED_ORIGIN);
  }
  return crossOrigin(c, next);
};

function logUntrusted(named: string): void {
  // The header may hold anything.
  const origin = URL.canParse(named) ? new URL(named).origin.slice(0, MAX_ORIGIN_CHARACTERS) : 'none';
  if (logged.has(origin) || logged.size >= MAX_LOGGED) return;
  logged.add(origin);
  console.warn({
    event: 'origin_not_trusted',
    origin,
    hint: 'Name it in TRUSTED_ORIGINS to let its pages call.',
  });
}
