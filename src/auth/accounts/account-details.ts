/** A session as shown to its user. Times are Unix milliseconds. */
interface OwnSession {
  readonly id: string;
  readonly createdAt: number;
  /** Time of the last refresh. Use refreshes a session once a day. */
  readonly updatedAt: number;
  readonly ipAddress: string | null;
  readonly userAgent: string | null;
}

/** The sign-in methods and sessions of a user. */
export interface AccountDetails {
  /** Most recently used first. */
  readonly sessions: readonly OwnSession[];
  readonly hasPassword: boolean;
  /** Linked sign-in providers, such as `github`. */
  readonly providers: readonly string[];
}

const MAX_SESSIONS_SHOWN = 100;
const PASSWORD_PROVIDER = 'credential';

const SESSIONS = `
  SELECT id, created_at AS createdAt, updated_at AS updatedAt, ip_address AS ipAddress, user_agent AS userAgent
  FROM session WHERE user_id = ?1 AND expires_at > ?2 ORDER BY updated_at DESC, id LIMIT ?3`;
const PROVIDERS = `SELECT provider_id AS provider FROM account WHERE user_id = ?1 ORDER BY created_at, id`;

/**
 * Reads a user's sign-in methods and sessions in one round trip.
 * @param now Unix milliseconds
 */
export async function readAccountDetails(
  session: D1DatabaseSession,
  userId: string,
  now: number,
): Promise<AccountDetails> {
  const [sessions, providers] = await session.batch<OwnSession & { readonly provider: string }>([
    session.prepare(SESSIONS).bind(userId, now, MAX_SESSIONS_SHOWN),
    session.prepare(PROVIDERS).bind(userId),
  ]);
  const named = providers?.results.map(({ provider }) => provider) ?? [];
  return {
    sessions: sessions?.results ?? [],
    hasPassword: named.includes(PASSWORD_PROVIDER),
    providers: named.filter((provider) => provider !== PASSWORD_PROVIDER),
  };
}
