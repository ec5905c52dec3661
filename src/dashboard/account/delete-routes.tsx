import { Hono } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import type { SignedInUser } from '../http/current-user.ts';
import { formGuard, readFields } from '../http/form-guard.ts';
import { type PageContext, setCookies, setRetryAfter, toPageStatus } from '../http/page-response.ts';
import { requireSignedIn } from '../http/require-signed-in.ts';
import { renderPage } from '../ui/layout.tsx';
import { DeletePage } from './delete-page.tsx';
import type { AccountDeps } from './deps.ts';
import { type Failure, rejectForm } from './failure.ts';

const DELETE_PATH = '/dashboard/account/delete';

export function deleteAccountRoutes(deps: AccountDeps): Hono<AppEnv> {
  const app = new Hono<AppEnv>();

  const showDelete = async (
    c: PageContext,
    user: SignedInUser,
    { typedEmail, failure }: { typedEmail: string; failure: Failure | null },
  ): Promise<Response> => {
    const { data } = await deps.readAccount(c, user);
    const title = `${failure === null ? '' : 'Error: '}Delete account`;
    const hasPassword = data?.hasPassword ?? true;
    if (failure !== null) setRetryAfter(c, failure.retryAfter);
    return c.html(
      renderPage(
        { title, user, narrow: true },
        <DeletePage {...{ user, hasPassword, typedEmail }} error={failure} />,
      ),
      failure === null ? 200 : toPageStatus(failure.status),
    );
  };

  app.get(
    DELETE_PATH,
    requireSignedIn(deps, (c, user) => showDelete(c, user, { typedEmail: '', failure: null })),
  );
  app.post(
    DELETE_PATH,
    formGuard,
    requireSignedIn(deps, async (c, user) => {
      const fields = await readFields(c);
      const typedEmail = (fields.get('email') ?? '').trim();
      if (typedEmail.toLowerCase() !== user.email.toLowerCase()) {
        const message = 'This is not the e-mail address of the account. Type it again.';
        return showDelete(c, user, { typedEmail, failure: rejectForm({ field: 'email', message }) });
      }
      const password = fields.get('password');
      // A request without the field must not skip the check.
      if (!password && ((await deps.readAccount(c, user)).data?.hasPassword ?? true)) {
        const failure = rejectForm({ field: 'password', message: 'Enter your password.' });
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
