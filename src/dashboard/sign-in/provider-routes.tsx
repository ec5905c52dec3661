import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { getSafeNextPath, getSignInPath } from '../http/next-path.ts';
import { type PageContext, toPageStatus, setRetryAfter, setCookies } from '../http/page-response.ts';
import { getOrigin } from '../../lib/origin.ts';
import type { ProviderOutcome, SignInDeps } from './deps.ts';
import { readProvider } from './providers.tsx';

export function providerRoutes(deps: SignInDeps): Hono<AppEnv> {
  return new Hono<AppEnv>().post('/sign-in/with', formGuard, async (c) => {
    const fields = await readFields(c);
    const provider = readProvider(fields);
    if (provider === null) return renderUnknownProvider(c);
    const next = getSafeNextPath(fields.get('next') ?? undefined, getOrigin(c.req.raw));
    return redirectToProvider(
      c,
      await deps.startProviderSignIn(c, { provider, next, onError: getSignInPath(next) }),
    );
  });
}

/** Redirects to the provider's page, or shows the error. */
export function redirectToProvider(c: PageContext, outcome: ProviderOutcome): Response | Promise<Response> {
  if (outcome.ok) {
    setCookies(c, outcome.setCookies);
    return c.redirect(outcome.url, 303);
  }
  setRetryAfter(c, outcome.retryAfter);
  return c.html(renderErrorPage('Not signed in', outcome.message), toPageStatus(outcome.status));
}

export function renderUnknownProvider(c: PageContext): Response | Promise<Response> {
  return c.html(
    renderErrorPage(
      'No such provider',
      'This provider is not available here. Choose another way to sign in.',
    ),
    400,
  );
}
