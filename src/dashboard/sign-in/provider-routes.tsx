import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { safeNextPath, signInPath } from '../http/next-path.ts';
import { type PageContext, pageStatus, retryLater, setCookies } from '../http/page-response.ts';
import { getOrigin } from '../../lib/origin.ts';
import type { ProviderOutcome, SignInDeps } from './deps.ts';
import { providerIn } from './providers.tsx';

/** Signing in by another site's account: the form of a button, which leads there. */
export function providerRoutes(deps: SignInDeps): Hono<AppEnv> {
  return new Hono<AppEnv>().post('/sign-in/with', formGuard, async (c) => {
    const fields = await readFields(c);
    const provider = providerIn(fields);
    if (provider === null) return noSuchProvider(c);
    const next = safeNextPath(fields.get('next') ?? undefined, getOrigin(c.req.raw));
    return goThere(c, await deps.startProviderSignIn(c, { provider, next, onError: signInPath(next) }));
  });
}

/** On to the provider's page, or to one that says why not. */
export function goThere(c: PageContext, outcome: ProviderOutcome): Response | Promise<Response> {
  if (outcome.ok) {
    setCookies(c, outcome.setCookies);
    return c.redirect(outcome.url, 303);
  }
  retryLater(c, outcome.retryAfter);
  return c.html(renderErrorPage('Not signed in', outcome.message), pageStatus(outcome.status));
}

export function noSuchProvider(c: PageContext): Response | Promise<Response> {
  return c.html(renderErrorPage('No such provider', 'Signing in there is not offered here.'), 400);
}
