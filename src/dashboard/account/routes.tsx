import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { SignedInUser } from '../http/current-user.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import type { FormError } from '../ui/field.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { renderPage } from '../ui/layout.tsx';
import { type PageContext, pageStatus, retryLater, setCookies, stillTrue } from '../http/page-response.ts';
import type { AccountOutcome } from '../sign-in/deps.ts';
import { goThere, noSuchProvider } from '../sign-in/provider-routes.tsx';
import { providerIn, providerProblem } from '../sign-in/providers.tsx';
import { forSignedIn } from '../http/signed-in.ts';
import { AccountPage, type Done, isDone } from './account-page.tsx';
import type { Refused } from './settings.tsx';
import { DeletePage } from './delete-page.tsx';
import type { AccountDeps } from './deps.ts';
import {
  ACCOUNT_FORMS,
  type AccountForm,
  checkEmail,
  checkName,
  checkNewPassword,
  checkPassword,
  checkSession,
} from './forms.ts';

const PATH = '/dashboard/account';
const DELETE_PATH = `${PATH}/delete`;

type Submit = (
  c: PageContext,
  user: SignedInUser,
  fields: URLSearchParams,
) => Promise<AccountOutcome> | Failure;
type Failure = Extract<AccountOutcome, { ok: false }>;
const refused = (error: FormError): Failure => ({ ok: false, status: 400, ...error });

/** The user's own account. */
export function accountRoutes(deps: AccountDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  const show = async (
    c: PageContext,
    user: SignedInUser,
    shown: { done: Done | null; refused: Refused | null; failure?: Failure; problem?: string | null },
  ): Promise<Response> => {
    const { data, etag } = await deps.readAccount(c, user);
    if (data === null) return stillTrue(c, etag);
    const problem = shown.problem ?? null;
    const providers = deps.providers(c);
    const title = shown.refused === null && problem === null ? 'Account' : 'Error: Account';
    if (shown.failure !== undefined) retryLater(c, shown.failure.retryAfter);
    return c.html(
      renderPage(
        // A form that was refused stands at its own address, where there is nothing to be asked for.
        { title, user, etag, ...(shown.failure !== undefined && { address: PATH }) },
        <AccountPage {...{ user, account: data, ...shown, problem, providers }} now={Date.now()} />,
      ),
      shown.failure === undefined ? 200 : pageStatus(shown.failure.status),
      { etag },
    );
  };

  app.get(
    PATH,
    forSignedIn(deps, (c, user) => {
      const done = c.req.query('done');
      const problem = providerProblem(c.req.query('error'));
      return show(c, user, { done: isDone(done) ? done : null, refused: null, problem });
    }),
  );

  const submit: Readonly<Record<AccountForm, Submit>> = {
    name: (c, user, fields) => {
      const checked = checkName(fields);
      return checked.ok ? deps.changeName(c, user, checked.form) : refused(checked.error);
    },
    email: (c, user, fields) => {
      const checked = checkEmail(fields);
      return checked.ok ? deps.changeEmail(c, user, checked.form) : refused(checked.error);
    },
    password: (c, user, fields) => {
      const checked = checkPassword(fields);
      return checked.ok ? deps.changePassword(c, user, checked.form) : refused(checked.error);
    },
    'new-password': (c, user, fields) => {
      const checked = checkNewPassword(fields);
      return checked.ok ? deps.setPassword(c, user, checked.form) : refused(checked.error);
    },
  };

  for (const form of ACCOUNT_FORMS) {
    app.post(
      `${PATH}/${form}`,
      formGuard,
      forSignedIn(deps, async (c, user) => {
        const fields = await readFields(c);
        const outcome = await submit[form](c, user, fields);
        if (outcome.ok) return done(c, form, outcome.setCookies);
        const typed = { ...typedIn(fields, 'name'), ...typedIn(fields, 'email') };
        return show(c, user, { done: null, refused: { form, error: outcome, typed }, failure: outcome });
      }),
    );
  }

  app.post(
    `${PATH}/session`,
    formGuard,
    forSignedIn(deps, async (c, user) => {
      const checked = checkSession(await readFields(c));
      const outcome = checked.ok ? await deps.endSession(c, user, checked.form) : refused(checked.error);
      return outcome.ok ? done(c, 'session', []) : notEnded(c, outcome);
    }),
  );
  app.post(
    `${PATH}/others`,
    formGuard,
    forSignedIn(deps, async (c, user) => {
      const outcome = await deps.endOtherSessions(c, user);
      return outcome.ok ? done(c, 'others', []) : notEnded(c, outcome);
    }),
  );

  app.post(
    `${PATH}/link`,
    formGuard,
    forSignedIn(deps, async (c) => {
      const provider = providerIn(await readFields(c));
      if (provider === null) return noSuchProvider(c);
      return goThere(
        c,
        await deps.startProviderLink(c, { provider, next: `${PATH}?done=link`, onError: PATH }),
      );
    }),
  );
  app.post(
    `${PATH}/unlink`,
    formGuard,
    forSignedIn(deps, async (c, user) => {
      const provider = providerIn(await readFields(c));
      if (provider === null) return noSuchProvider(c);
      const outcome = await deps.unlinkProvider(c, user, { provider });
      if (outcome.ok) return done(c, 'unlink', []);
      return show(c, user, { done: null, refused: null, failure: outcome, problem: outcome.message });
    }),
  );

  const showDelete = async (
    c: PageContext,
    user: SignedInUser,
    { typedEmail, failure }: { typedEmail: string; failure: Failure | null },
  ): Promise<Response> => {
    const { data } = await deps.readAccount(c, user);
    const title = `${failure === null ? '' : 'Error: '}Delete account`;
    const hasPassword = data?.hasPassword ?? true;
    if (failure !== null) retryLater(c, failure.retryAfter);
    return c.html(
      renderPage(
        { title, user, narrow: true },
        <DeletePage {...{ user, hasPassword, typedEmail }} error={failure} />,
      ),
      failure === null ? 200 : pageStatus(failure.status),
    );
  };

  app.get(
    DELETE_PATH,
    forSignedIn(deps, (c, user) => showDelete(c, user, { typedEmail: '', failure: null })),
  );
  app.post(
    DELETE_PATH,
    formGuard,
    forSignedIn(deps, async (c, user) => {
      const fields = await readFields(c);
      const typedEmail = (fields.get('email') ?? '').trim();
      if (typedEmail.toLowerCase() !== user.email.toLowerCase()) {
        const message = 'That is not the e-mail address of this account.';
        return showDelete(c, user, { typedEmail, failure: refused({ field: 'email', message }) });
      }
      const password = fields.get('password');
      // Not for the form to leave out.
      if (!password && ((await deps.readAccount(c, user)).data?.hasPassword ?? true)) {
        const failure = refused({ field: 'password', message: 'Enter your password.' });
        return showDelete(c, user, { typedEmail, failure });
      }
      const outcome = await deps.deleteAccount(c, user, password);
      if (!outcome.ok) return showDelete(c, user, { typedEmail, failure: outcome });
      setCookies(c, outcome.setCookies);
      return c.redirect(outcome.erasureId === null ? '/sign-in' : `/erasure/${outcome.erasureId}`, 303);
    }),
  );

  return app;
}

function done(c: PageContext, what: Done, cookies: readonly string[]): Response {
  setCookies(c, cookies);
  return c.redirect(`${PATH}?done=${what}`, 303);
}

function notEnded(c: PageContext, { message, status }: Failure) {
  return c.html(renderErrorPage('Not signed out', message), pageStatus(status));
}

function typedIn(fields: URLSearchParams, name: 'name' | 'email'): { [Name in typeof name]?: string } {
  const value = fields.get(name);
  return value === null ? {} : { [name]: value };
}
