import type { MiddlewareHandler } from 'hono';
import { cors } from 'hono/cors';
import { trustedOrigins } from './auth/origins.ts';
import type { AppEnv } from './env.ts';
import { isUpgrade } from './refuse-upgrade.ts';

/** How long a browser may keep a preflight's answer, in seconds. Chromium keeps none longer. */
const PREFLIGHT_MAX_AGE_S = 7_200;

const crossOrigin = cors({
  origin: (origin, c) => (trustedOrigins(c.env).includes(origin) ? origin : null),
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

/** CORS for the origins of `TRUSTED_ORIGINS`. Upgrades know no CORS: there the credential decides. */
export const corsForTrustedOrigins: MiddlewareHandler<AppEnv> = async (c, next) =>
  isUpgrade(c.req.raw) ? next() : crossOrigin(c, next);
