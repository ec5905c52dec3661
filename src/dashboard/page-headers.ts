import { every } from 'hono/combine';
import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { AppEnv } from '../env.ts';

const security = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'", 'data:'],
    // Includes `wss:` of the same host (CSP 3, "does url match expression in origin").
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  // Not no-referrer: with it browsers send `Origin: null` with our own forms.
  referrerPolicy: 'same-origin',
});

/** Pages show one user's things: after he signs out, going back must not show them. */
const neverStored = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  c.header('cache-control', 'private, no-store');
});

/** The headers of every page. Nothing inline, nothing from elsewhere, in no one's frame. */
export const pageHeaders = every(security, neverStored);
