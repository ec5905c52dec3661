import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { getOrigin } from '../../lib/origin.ts';
import type { CurrentUserDeps, SignedInUser } from './current-user.ts';
import { signInAgainPath, signInPath } from './next-path.ts';
import { setCookies } from './page-response.ts';

type Handler = (c: Context<AppEnv>, user: SignedInUser) => Promise<Response> | Response;

/** A page for signed-in users. Redirects others to the sign-in page, which leads back. */
export const forSignedIn =
  (deps: CurrentUserDeps, handle: Handler) =>
  async (c: Context<AppEnv>): Promise<Response> => {
    const user = await deps.currentUser(c);
    if (user === null) {
      const { pathname, search } = new URL(c.req.url);
      // After a form the page that it stood on, which the browser names: what was sent is not sent a second time.
      const isRead = c.req.method === 'GET';
      return c.redirect(isRead ? signInPath(pathname + search) : signInAgainPath(pageBefore(c)), 303);
    }
    setCookies(c, user.setCookies);
    return handle(c, user);
  };

function pageBefore(c: Context<AppEnv>): string {
  const referrer = c.req.header('referer');
  if (referrer === undefined || !URL.canParse(referrer)) return '/dashboard';
  const { origin, pathname, search } = new URL(referrer);
  return origin === getOrigin(c.req.raw) ? pathname + search : '/dashboard';
}
