import type { MiddlewareHandler } from 'hono';
import { every } from 'hono/combine';
import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { AppEnv } from '../../domain/env.ts';
import type { ProviderDeps } from '../sign-in/deps.ts';
import { PROVIDER_ORIGINS } from '../sign-in/providers.tsx';

/** @param formTargets origins that responses to forms redirect to; browsers apply `form-action` to redirects too */
const createSecurityHeaders = (formTargets: readonly string[]) =>
  secureHeaders({
    contentSecurityPolicy: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      // Includes `wss:` of the same host (CSP 3, "does url match expression in origin").
      connectSrc: ["'self'"],
      formAction: ["'self'", ...formTargets],
      baseUri: ["'none'"],
      frameAncestors: ["'none'"],
    },
    xFrameOptions: 'DENY',
    // With no-referrer, browsers send `Origin: null` with the pages' own forms.
    referrerPolicy: 'same-origin',
  });

/** After sign-out, the browser's back button must not show the user's data. */
const noStore = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  c.header('cache-control', 'private, no-store');
});

/** Headers of all pages: no inline code, no other origins, no framing. */
export function pageHeaders({ providers }: ProviderDeps): MiddlewareHandler<AppEnv> {
  const security = createMiddleware<AppEnv>(async (c, next) =>
    createSecurityHeaders(providers(c).map((provider) => PROVIDER_ORIGINS[provider]))(c, next),
  );
  return every(security, noStore);
}
