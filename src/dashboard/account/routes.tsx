import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { SignedInUser } from '../http/current-user.ts';
import { renderErrorPage } from '../ui/error-page.tsx';
import { formGuard, readFields } from '../http/form-guard.ts';
import { renderPage } from '../ui/layout.tsx';
import {
  type PageContext,
  toPageStatus,
  setRetryAfter,
  setCookies,
  respondNotModified,
} from '../http/page-response.ts';
import type { AccountOutcome } from '../sign-in/deps.ts';
import { redirectToProvider, renderUnknownProvider } from '../sign-in/provider-routes.tsx';
import { readProvider, getProviderProblem } from '../sign-in/providers.tsx';
import { requireSignedIn } from '../http/require-signed-in.ts';
import { AccountPage, type Done, isDone } from './account-page.tsx';
import type { RejectedForm } from './settings.tsx';
import { deleteAccountRoutes } from './delete-routes.tsx';
import type { AccountDeps } from './deps.ts';
import { type Failure, rejectForm } from './failure.ts';
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

type Submit = (
  c: PageContext,
  user: SignedInUser,
  fields: URLSearchParams,
) => Promise<AccountOutcome> | Failure;

export function accountRoutes(deps: AccountDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  const show = async (
    c: PageContext,
    user: SignedInUser,
    shown: { done: Done | null; rejected: RejectedForm | null; failure?: Failure; problem?: string | null },
  ): Promise<Response> => {
    const { data, etag } = await deps.readAccount(c, user);
    if (data === null) return respondNotModified(c, etag);
    const problem = shown.problem ?? null;
    const providers = deps.providers(c);
    const title = shown.rejected === null && problem === null ? 'Account' : 'Error: Account';
    if (shown.failure !== undefined) setRetryAfter(c, shown.failure.retryAfter);
    return c.html(
      renderPage(
        // A rejected form is shown at the form's address, which has no GET.
        { title, user, etag, ...(shown.failure !== undefined && { address: PATH }) },
        <AccountPage {...{ user, account: data, ...shown, problem, providers }} now={Date.now()} />,
      ),
      shown.failure === undefined ? 200 : toPageStatus(shown.failure.status),
      { etag },
    );
  };

  app.get(
    PATH,
    requireSignedIn(deps, (c, user) => {
      const done = c.req.query('done');
      const problem = getProviderProblem(c.req.query('error'));
      return show(c, user, { done: isDone(done) ? done : null, rejected: null, problem });
    }),
  );

  const submit: Readonly<Record<AccountForm, Submit>> = {
    name: (c, user, fields) => {
      const checked = checkName(fields);
      return checked.ok ? deps.changeName(c, user, checked.form) : rejectForm(checked.error);
    },
    email: (c, user, fields) => {
      const checked = checkEmail(fields);
      return checked.ok ? deps.changeEmail(c, user, checked.form) : rejectForm(checked.error);
    },
    password: (c, user, fields) => {
      const checked = checkPassword(fields);
      return checked.ok ? deps.changePassword(c, user, checked.form) : rejectForm(checked.error);
    },
    'new-password': (c, user, fields) => {
      const checked = checkNewPassword(fields);
      return checked.ok ? deps.setPassword(c, user, checked.form) : rejectForm(checked.error);
    },
  };

  for (const form of ACCOUNT_FORMS) {
    app.post(
      `${PATH}/${form}`,
      formGuard,
      requireSignedIn(deps, async (c, user) => {
        const fields = await readFields(c);
        const outcome = await submit[form](c, user, fields);
        if (outcome.ok) return redirectDone(c, form, outcome.setCookies);
        const typed = { ...readTyped(fields, 'name'), ...readTyped(fields, 'email') };
        return show(c, user, { done: null, rejected: { form, error: outcome, typed }, failure: outcome });
      }),
    );
  }

  app.post(
    `${PATH}/session`,
    formGuard,
    requireSignedIn(deps, async (c, user) => {
      const checked = checkSession(await readFields(c));
      const outcome = checked.ok ? await deps.endSession(c, user, checked.form) : rejectForm(checked.error);
      return outcome.ok ? redirectDone(c, 'session', []) : renderSignOutError(c, outcome);
    }),
  );
  app.post(
    `${PATH}/others`,
    formGuard,
    requireSignedIn(deps, async (c, user) => {
      const outcome = await deps.endOtherSessions(c, user);
      return outcome.ok ? redirectDone(c, 'others', []) : renderSignOutError(c, outcome);
    }),
  );

  app.post(
    `${PATH}/link`,
    formGuard,
    requireSignedIn(deps, async (c) => {
      const provider = readProvider(await readFields(c));
      if (provider === null) return renderUnknownProvider(c);
      return redirectToProvider(
        c,
        await deps.startProviderLink(c, { provider, next: `${PATH}?done=link`, onError: PATH }),
      );
    }),
  );
  app.post(
    `${PATH}/unlink`,
    formGuard,
    requireSignedIn(deps, async (c, user) => {
      const provider = readProvider(await readFields(c));
      if (provider === null) return renderUnknownProvider(c);
      const outcome = await deps.unlinkProvider(c, user, { provider });
      if (outcome.ok) return redirectDone(c, 'unlink', []);
      return show(c, user, { done: null, rejected: null, failure: outcome, problem: outcome.message });
    }),
  );

  app.route('/', deleteAccountRoutes(deps));
  return app;
}

function redirectDone(c: PageContext, what: Done, cookies: readonly string[]): Response {
  setCookies(c, cookies);
  return c.redirect(`${PATH}?done=${what}`, 303);
}

function renderSignOutError(c: PageContext, { message, status }: Failure) {
  return c.html(renderErrorPage('Not signed out', message), toPageStatus(status));
}

function readTyped(fields: URLSearchParams, name: 'name' | 'email'): { [Name in typeof name]?: string } {
  const value = fields.get(name);
  return value === null ? {} : { [name]: value };
}
