/** A session as its user sees it. Times are Unix milliseconds. */
interface OwnSession {
  readonly id: string;
  readonly createdAt: number;
  /** When it was last prolonged, which its use does once a day. */
  readonly updatedAt: number;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}

/** How a user signs in, and from where he is signed in. */
export interface AccountDetails {
  /** The latest used first. */
  readonly sessions: readonly OwnSession[];
  readonly hasPassword: boolean;
  /** Whose accounts he can sign in with, such as `github`. */
  readonly providers: readonly string[];
}

/** Sessions that a page shows. */
const SESSIONS_SHOWN = 100;
const PASSWORD_PROVIDER = 'credential';

const SESSIONS = `
  SELECT id, created_at AS createdAt, updated_at AS updatedAt, ip_address AS ipAddress, user_agent AS userAgent
  FROM session WHERE user_id = ?1 AND expires_at > ?2 ORDER BY updated_at DESC, id LIMIT ?3`;
const PROVIDERS = `SELECT provider_id AS provider FROM account WHERE user_id = ?1 ORDER BY created_at, id`;

/**
 * One round trip.
 * @param now Unix milliseconds
 */
export async function readAccountDetails(
  session: D1DatabaseSession,
  userId: string,
  now: number,
): Promise<AccountDetails> {
  const [sessions, providers] = await session.batch<OwnSession & { readonly provider: string }>([
    session.prepare(SESSIONS).bind(userId, now, SESSIONS_SHOWN),
    session.prepare(PROVIDERS).bind(userId),
  ]);
  const named = providers?.results.map(({ provider }) => provider) ?? [];
  return {
    sessions: sessions?.results ?? [],
    hasPassword: named.includes(PASSWORD_PROVIDER),
    providers: named.filter((provider) => provider !== PASSWORD_PROVIDER),
  };
}
