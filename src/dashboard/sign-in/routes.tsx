import { Hono } from 'hono';
import type { ContentfulStatusCode } from 'hono/utils/http-status';
import type { AppEnv } from '../../domain/env.ts';
import { checkSignIn, checkSignUp } from './forms.ts';
import { providerRoutes } from './provider-routes.tsx';
import { getProviderProblem } from './providers.tsx';
import { SignInPage, SignUpPage, type Typed } from './sign-in-pages.tsx';
import type { AccountOutcome, SignInDeps } from './deps.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import type { FormError } from '../ui/field.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { renderPage } from '../ui/layout.tsx';
import { getSafeNextPath, SIGNED_OUT } from '../http/next-path.ts';
import { type PageContext, toPageStatus, setRetryAfter, setCookies } from '../http/page-response.ts';
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

const FORM_NOT_PROCESSED = 'You were signed out. Nothing was changed. Sign in and try again.';

const rejectForm = (error: FormError): AccountOutcome => ({ ok: false, status: 400, ...error });

export function signInRoutes(deps: SignInDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  app.route('/', providerRoutes(deps));

  for (const path of ['/sign-in', '/sign-up'] as const) {
    app.get(path, async (c) => {
      const next = getSafeNextPath(c.req.query('next'), getOrigin(c.req.raw));
      if ((await deps.currentUser(c)) !== null) return c.redirect(next, 303);
      const code = c.req.query('error');
      const problem = code === SIGNED_OUT ? FORM_NOT_PROCESSED : getProviderProblem(code);
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
      checked.ok ? await deps.signIn(c, checked.form) : rejectForm(checked.error),
    );
  });

  app.post('/sign-up', formGuard, async (c) => {
    const fields = await readFields(c);
    const checked = checkSignUp(fields);
    return finish(
      c,
      '/sign-up',
      fields,
      checked.ok ? await deps.signUp(c, checked.form) : rejectForm(checked.error),
    );
  });

  app.post('/sign-out', formGuard, async (c) => {
    const outcome = await deps.signOut(c);
    if (!outcome.ok) {
      return c.html(renderErrorPage('Not signed out', outcome.message), toPageStatus(outcome.status));
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

  /** Redirects to the requested page, or shows the form with the error. */
  function finish(c: PageContext, path: AccountPath, fields: URLSearchParams, outcome: AccountOutcome) {
    const next = getSafeNextPath(fields.get('next') ?? undefined, getOrigin(c.req.raw));
    if (outcome.ok) {
      setCookies(c, outcome.setCookies);
      return c.redirect(next, 303);
    }
    setRetryAfter(c, outcome.retryAfter);
    const typed = { name: fields.get('name') ?? '', email: fields.get('email') ?? '' };
    return show(c, path, { next, typed, error: outcome }, toPageStatus(outcome.status));
  }
}
