import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { isTrustedOrigin, UNTRUSTED_ORIGIN } from '../auth/identity/origins.ts';
import { isCrossOrigin } from '../lib/origin.ts';
import type { AppEnv } from '../domain/env.ts';
import { problem } from '../lib/problem.ts';
import { isUpgrade } from '../lib/refusals/refuse-upgrade.ts';

/** How long a browser may cache a preflight's response. Chromium's maximum. */
const PREFLIGHT_MAX_AGE_S = 7_200;

const crossOrigin = cors({
  origin: (origin, c) => (isTrustedOrigin(c.env, origin) ? origin : null),
  // Bearer tokens only: cookies are ignored on cross-origin requests.
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

/** Origins that were logged. Bounded, because clients choose them. */
const logged = new Set<string>();
const MAX_LOGGED_ORIGINS = 50;
const MAX_ORIGIN_CHARACTERS = 255;

/**
 * CORS for the origins of `TRUSTED_ORIGINS`. CORS does not apply to upgrades: the credential decides. Browsers hide the reason
 * of a failed preflight from the page, so the response and the log name the setting.
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

function logUntrusted(header: string): void {
  const origin = URL.canParse(header) ? new URL(header).origin.slice(0, MAX_ORIGIN_CHARACTERS) : 'none';
  if (logged.has(origin) || logged.size >= MAX_LOGGED_ORIGINS) return;
  logged.add(origin);
  console.warn({
    event: 'origin_not_trusted',
    origin,
    hint: 'Add the origin to TRUSTED_ORIGINS to allow its pages.',
  });
}
