import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { getOrigin } from '../../lib/origin.ts';
import type { ClaimedUser, CurrentUserDeps, SignedInUser } from './current-user.ts';
import { signInAgainPath, signInPath } from './next-path.ts';
import { setCookies } from './page-response.ts';

type Handler = (c: Context<AppEnv>, user: SignedInUser) => Promise<Response> | Response;

/**
 * A page for who is signed in; others are led to the sign-in page, and from there back to it.
 *
 * A page that is only read is read at once, by whom the cookies claim to be of; its reading confirms the claim, in the
 * same round trip, or the page is begun anew after a look-up. So no page is given out unconfirmed. What changes something
 * looks up first.
 */
export const forSignedIn =
  (deps: CurrentUserDeps, handle: Handler) =>
  async (c: Context<AppEnv>): Promise<Response> => {
    const page = c.req.method === 'GET' ? await byClaim(c, deps, handle) : null;
    if (page !== null) return page;
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

/** @returns `null` where nobody is claimed, or the claim was not confirmed */
async function byClaim(c: Context<AppEnv>, deps: CurrentUserDeps, handle: Handler): Promise<Response | null> {
  const claimed = await deps.claimedUser(c);
  if (claimed === null) return null;
  try {
    const page = await handle(c, asUser(claimed));
    if (claimed.confirmed() !== null) return page;
  } catch (error) {
    if (claimed.confirmed() !== null) throw error;
  }
  claimed.drop();
  return null;
}

/** Without the name and address until they are known: who needs them sooner fails, and is begun anew. */
function asUser(claimed: ClaimedUser): SignedInUser {
  const { id, sessionId, isOperator } = claimed;
  const known = () => {
    const user = claimed.confirmed();
    if (user === null) throw new Error('the claim is not confirmed yet');
    return user;
  };
  return {
    id,
    sessionId,
    isOperator,
    setCookies: [],
    get name() {
      return known().name;
    },
    get email() {
      return known().email;
    },
  };
}

function pageBefore(c: Context<AppEnv>): string {
  const referrer = c.req.header('referer');
  if (referrer === undefined || !URL.canParse(referrer)) return '/dashboard';
  const { origin, pathname, search } = new URL(referrer);
  return origin === getOrigin(c.req.raw) ? pathname + search : '/dashboard';
}
