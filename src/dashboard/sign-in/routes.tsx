import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppEnv } from '../../domain/env.ts';
import { checkSignIn, checkSignUp } from './forms.ts';
import { providerRoutes } from './provider-routes.tsx';
import { providerProblem } from './providers.tsx';
import { SignInPage, SignUpPage, type Typed } from './sign-in-pages.tsx';
import type { AccountOutcome, SignInDeps } from './deps.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import type { FormError } from '../ui/field.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { renderPage } from '../ui/layout.tsx';
import { safeNextPath, SIGNED_OUT } from '../http/next-path.ts';
import { type PageContext, pageStatus, retryLater, setCookies } from '../http/page-response.ts';
import { getOrigin } from '../../lib/origin.ts';

interface AccountView {
  readonly next: string;
  readonly typed: Typed;
  readonly error: FormError | null;
}

const PAGES = {
  '/sign-in': { title: 'Sign in', Page: SignInPage },
  '/sign-up': { title: 'Create an account', Page: SignUpPage },
} as const;
type AccountPath = keyof typeof PAGES;

const NOT_CARRIED_OUT = 'You had been signed out, so nothing was done. Sign in, and do it again.';

const refused = (error: FormError): AccountOutcome => ({ ok: false, status: 400, ...error });

/** Signing up, in and out. */
export function signInRoutes(deps: SignInDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.route('/', providerRoutes(deps));

  for (const path of ['/sign-in', '/sign-up'] as const) {
    app.get(path, async (c) => {
      const next = safeNextPath(c.req.query('next'), getOrigin(c.req.raw));
      if ((await deps.currentUser(c)) !== null) return c.redirect(next, 303);
      const code = c.req.query('error');
      const problem = code === SIGNED_OUT ? NOT_CARRIED_OUT : providerProblem(code);
      const error = problem === null ? null : { message: problem };
      return show(c, path, { next, typed: { name: '', email: '' }, error }, 200);
    });
  }

  app.post('/sign-in', formGuard, async (c) => {
    const fields = await readFields(c);
    const checked = checkSignIn(fields);
    return finish(
      c,
      '/sign-in',
      fields,
      checked.ok ? await deps.signIn(c, checked.form) : refused(checked.error),
    );
  });

  app.post('/sign-up', formGuard, async (c) => {
    const fields = await readFields(c);
    const checked = checkSignUp(fields);
    return finish(
      c,
      '/sign-up',
      fields,
      checked.ok ? await deps.signUp(c, checked.form) : refused(checked.error),
    );
  });

  app.post('/sign-out', formGuard, async (c) => {
    const outcome = await deps.signOut(c);
    if (!outcome.ok) {
      return c.html(renderErrorPage('Not signed out', outcome.message), pageStatus(outcome.status));
    }
    setCookies(c, outcome.setCookies);
    return c.redirect('/sign-in', 303);
  });

  return app;

  function show(c: PageContext, path: AccountPath, view: AccountView, status: ContentfulStatusCode) {
    const { title, Page } = PAGES[path];
    const shown = view.error === null ? title : `Error: ${title}`;
    return c.html(
      renderPage({ title: shown, narrow: true }, <Page {...view} providers={deps.providers(c)} />),
      status,
    );
  }

  /** Goes on to where the user wanted to be, or shows the form again with what was wrong in its place. */
  function finish(c: PageContext, path: AccountPath, fields: URLSearchParams, outcome: AccountOutcome) {
    const next = safeNextPath(fields.get('next') ?? undefined, getOrigin(c.req.raw));
    if (outcome.ok) {
      setCookies(c, outcome.setCookies);
      return c.redirect(next, 303);
    }
    retryLater(c, outcome.retryAfter);
    const typed = { name: fields.get('name') ?? '', email: fields.get('email') ?? '' };
    return show(c, path, { next, typed, error: outcome }, pageStatus(outcome.status));
  }
}
