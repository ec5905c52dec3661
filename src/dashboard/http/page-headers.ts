import type { MiddlewareHandler } from 'hono';
import { every } from 'hono/combine';
import { createMiddleware } from 'hono/factory';
import { secureHeaders } from 'hono/secure-headers';
import type { AppEnv } from '../../domain/env.ts';
import type { ProviderDeps } from '../sign-in/deps.ts';
import { PROVIDER_ORIGINS } from '../sign-in/providers.tsx';

/** @param formTargets other origins that answers to our forms lead on to, which browsers count as the form's target too */
const securityFor = (formTargets: readonly string[]) =>
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
    // Not no-referrer: with it browsers send `Origin: null` with our own forms.
    referrerPolicy: 'same-origin',
  });

/** Pages show one user's things: after he signs out, going back must not show them. */
const neverStored = createMiddleware<AppEnv>(async (c, next) => {
  await next();
  c.header('cache-control', 'private, no-store');
});

/** The headers of every page. Nothing inline, nothing from elsewhere, in no one's frame. */
export function pageHeaders({ providers }: ProviderDeps): MiddlewareHandler<AppEnv> {
  const security = createMiddleware<AppEnv>(async (c, next) =>
    securityFor(providers(c).map((provider) => PROVIDER_ORIGINS[provider]))(c, next),
  );
  return every(security, neverStored);
}
