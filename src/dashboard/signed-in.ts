import type { AppEnv } from '../env.ts';
import type { Context } from 'hono';
import type { CurrentUserDeps, SignedInUser } from './deps.ts';
import { signInPath } from './next-path.ts';
import { setCookies } from './page-response.ts';

type Handler = (c: Context<AppEnv>, user: SignedInUser) => Promise<Response> | Response;

/** A page for who is signed in; others are led to the sign-in page, and from there back to it. */
export const forSignedIn =
  (deps: CurrentUserDeps, handle: Handler) =>
  async (c: Context<AppEnv>): Promise<Response> => {
    const user = await deps.currentUser(c);
    if (user === null) {
      const { pathname, search } = new URL(c.req.url);
      // After a form the page that it stood on, which the browser names: what was sent is not sent a second time.
      return c.redirect(signInPath(c.req.method === 'GET' ? pathname + search : pageBefore(c)), 303);
    }
    setCookies(c, user.setCookies);
    return handle(c, user);
  };

function pageBefore(c: Context<AppEnv>): string {
  const referrer = c.req.header('referer');
  if (referrer === undefined || !URL.canParse(referrer)) return '/dashboard';
  const { origin, pathname, search } = new URL(referrer);
  return origin === new URL(c.req.url).origin ? pathname + search : '/dashboard';
}
