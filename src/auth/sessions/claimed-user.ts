import type { Bindings } from '../../domain/env.ts';
import type { PiggybackedQuery } from '../../lib/piggybacked-query.ts';
import { IS_BANNED_SQL } from '../identity/ban.ts';
import { type Claim, readClaim } from './claim.ts';
import { isOperatorRole } from '../identity/operators.ts';
import { getOrigin } from '../../lib/origin.ts';
import {
  SESSION_LIFETIME_SECONDS,
  SESSION_REFRESH_AGE_SECONDS,
  getSessionCookieName,
  getCookieValue,
} from '../identity/session-cookie.ts';

/** Longest `Cookie` header that is looked at, in characters. */
const MAX_COOKIE_CHARACTERS = 16 * 1024;

/** As D1 has it now. */
const SESSION = `
  SELECT session.id AS sessionId, session.user_id AS userId, user.name, user.email, user.role
  FROM session JOIN user ON user.id = session.user_id
  WHERE session.token = ?1 AND session.expires_at > ?3
    AND NOT ${IS_BANNED_SQL}`;

interface SessionRow {
  readonly sessionId: string;
  readonly userId: string;
  readonly name: string;
  readonly email: string;
  readonly role: string | null;
}

/** Whom a request's cookies claim to be of, while the page's own first batch finds out whether he is. */
export interface ClaimedUser extends Claim {
  readonly piggybackedQuery: PiggybackedQuery;
  /** `null` until D1 has confirmed the claim, and where it has not. */
  confirmed(): { readonly name: string; readonly email: string } | null;
}

/** What came with the claim may not be used: the session is over, or must be looked up with more care. */
class ClaimNotConfirmed extends Error {}

/**
 * The user whom a request's cookies claim to be of, without a round trip to D1; `null` where they claim none. What D1
 * must confirm: the session is there, it is the user's, he is not banned, and his role is as claimed. A session that is
 * due to be prolonged is not confirmed: looking it up prolongs it.
 * @param now Unix milliseconds
 */
export async function claimedUser(request: Request, env: Bindings, now: number): Promise<ClaimedUser | null> {
  const cookies = request.headers.get('cookie');
  if (cookies === null || cookies.length > MAX_COOKIE_CHARACTERS) return null;
  const origin = getOrigin(request);
  const sessionCookie = getCookieValue(cookies, getSessionCookieName(origin));
  if (sessionCookie === null) return null;
  const claim = readClaim(env, origin, cookies, sessionCookie);
  if (claim === null) return null;

  // `{token}.{signature}`, as Better Auth signs cookies; the claim is bound to both.
  const signed = decodeURIComponent(sessionCookie);
  const token = signed.slice(0, signed.lastIndexOf('.'));
  const freshUntil = now + (SESSION_LIFETIME_SECONDS - SESSION_REFRESH_AGE_SECONDS) * 1_000;
  let hasGone = false;
  let found: SessionRow | null = null;
  return {
    ...claim,
    piggybackedQuery: {
      take(session) {
        if (hasGone) return null;
        hasGone = true;
        return session.prepare(SESSION).bind(token, now, freshUntil);
      },
      settle(rows) {
        // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- as the statement names its columns
        const [row] = rows as readonly SessionRow[];
        const isAsClaimed =
          row?.userId === claim.userId &&
          row.sessionId === claim.sessionId &&
          isOperatorRole(row.role) === claim.isOperator;
        if (row === undefined || !isAsClaimed) throw new ClaimNotConfirmed();
        found = row;
      },
    },
    confirmed: () => found,
  };
}
