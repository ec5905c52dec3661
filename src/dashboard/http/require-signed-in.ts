import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { getOrigin } from '../../lib/origin.ts';
import type { CurrentUserDeps, SignedInUser } from './current-user.ts';
import { getSignInAgainPath, getSignInPath } from './next-path.ts';
import { setCookies } from './page-response.ts';

type Handler = (c: Context<AppEnv>, user: SignedInUser) => Promise<Response> | Response;

/** Redirects to the sign-in page without a session. */
export const requireSignedIn =
  (deps: CurrentUserDeps, handle: Handler) =>
  async (c: Context<AppEnv>): Promise<Response> => {
    const user = await deps.currentUser(c);
    if (user === null) {
      const { pathname, search } = new URL(c.req.url);
      // After a form: the page of the form, so that the form is not sent again.
      const isGet = c.req.method === 'GET';
      return c.redirect(isGet ? getSignInPath(pathname + search) : getSignInAgainPath(getFormPage(c)), 303);
    }
    setCookies(c, user.setCookies);
    return handle(c, user);
  };

function getFormPage(c: Context<AppEnv>): string {
  const referrer = c.req.header('referer');
  if (referrer === undefined || !URL.canParse(referrer)) return '/dashboard';
  const { origin, pathname, search } = new URL(referrer);
  return origin === getOrigin(c.req.raw) ? pathname + search : '/dashboard';
}
