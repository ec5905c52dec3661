import { createHmac } from 'node:crypto';
import type { Bindings } from '../../domain/env.ts';

/** Failed attempts are counted in a window of this length, which starts with the first one. */
const WINDOW_MS = 15 * 60_000;

const MAX_FAILURES_PER_ACCOUNT = 10;
/** Higher than per account, because many users can share an address. */
const MAX_FAILURES_PER_ADDRESS = 50;

/** Rows of past windows that one attempt deletes: more than it adds. */
const MAX_PRUNED_PER_ATTEMPT = 4;

const LOOPBACK = new Set(['127.0.0.1', '::1']);

/** The account and the address that an attempt is counted for. */
export interface Attempt {
  /** The e-mail address does not need to have an account. */
  readonly account: { readonly email: string } | { readonly userId: string };
  /** The client's address from Cloudflare; `null` if unknown. */
  readonly address: string | null;
}

/**
 * Counts the attempt for the account and for the address, unless one of the two has reached its limit. One statement, so
 * that concurrent attempts cannot exceed the limit together.
 */
const RESERVE = `
  INSERT INTO failed_password (key, failures, since)
  SELECT key, 1, ?3 FROM (SELECT ?1 AS key UNION ALL SELECT ?2)
  WHERE key IS NOT NULL AND NOT EXISTS (
    SELECT 1 FROM failed_password
    WHERE key IN (?1, ?2) AND since > ?3 - ${WINDOW_MS} AND failures >= CASE key WHEN ?1 THEN ?4 ELSE ?5 END
  )
  ON CONFLICT (key) DO UPDATE SET failures = CASE WHEN since > ?3 - ${WINDOW_MS} THEN failures + 1 ELSE 1 END,
    since = CASE WHEN since > ?3 - ${WINDOW_MS} THEN since ELSE ?3 END
  RETURNING key`;

const WAIT = `
  SELECT max(since) + ${WINDOW_MS} - ?3 AS waitMs FROM failed_password
  WHERE key IN (?1, ?2) AND since > ?3 - ${WINDOW_MS} AND failures >= CASE key WHEN ?1 THEN ?4 ELSE ?5 END`;

const PRUNE = `
  DELETE FROM failed_password WHERE key IN (
    SELECT key FROM failed_password WHERE since <= ?1 - ${WINDOW_MS} ORDER BY since LIMIT ${MAX_PRUNED_PER_ATTEMPT}
  )`;

/**
 * Counts an attempt as failed before its password is verified. A refused attempt writes nothing.
 * @param now Unix milliseconds
 * @returns `null` if the password may be verified, otherwise the seconds until the next attempt
 */
export async function reserveAttempt(env: Bindings, attempt: Attempt, now: number): Promise<number | null> {
  const given = [...getKeys(env, attempt), now, MAX_FAILURES_PER_ACCOUNT, MAX_FAILURES_PER_ADDRESS];
  const [reserved, waiting] = await env.DB.batch<{ waitMs: number | null }>([
    env.DB.prepare(RESERVE).bind(...given),
    env.DB.prepare(WAIT).bind(...given),
    env.DB.prepare(PRUNE).bind(now),
  ]);
  if (reserved !== undefined && reserved.results.length > 0) return null;
  return Math.max(1, Math.ceil((waiting?.results[0]?.waitMs ?? 0) / 1_000));
}

/**
 * Removes the count after a correct password: all failures of the account, and this one attempt of the address.
 * @param reservedAt the `now` given to `reserveAttempt`; a window that began later is not changed
 */
export async function returnAttempt(env: Bindings, attempt: Attempt, reservedAt: number): Promise<void> {
  const [account, address] = getKeys(env, attempt);
  const addressStatement = (sql: string) => env.DB.prepare(sql).bind(address, reservedAt);
  await env.DB.batch([
    env.DB.prepare('DELETE FROM failed_password WHERE key = ?').bind(account),
    ...(address === null
      ? []
      : [
          addressStatement('DELETE FROM failed_password WHERE key = ?1 AND since <= ?2 AND failures <= 1'),
          addressStatement(
            'UPDATE failed_password SET failures = failures - 1 WHERE key = ?1 AND since <= ?2',
          ),
        ]),
  ]);
}

export function formatTooManyFailures(retryAfter: number): string {
  const minutes = Math.ceil(retryAfter / 60);
  return `Too many wrong passwords. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
}

/** Keys of the account and of the address. Addresses of this machine are not counted. */
function getKeys(env: Bindings, { account, address }: Attempt): [number, number | null] {
  const named = 'email' in account ? `email ${account.email.toLowerCase()}` : `user ${account.userId}`;
  const isCounted = address !== null && !LOOPBACK.has(address);
  return [hashKey(env, named), isCounted ? hashKey(env, `address ${getNetwork(address)}`) : null];
}

/** For IPv6 the /64 prefix, which is usually assigned as a whole (RFC 6177, 2). */
function getNetwork(address: string): string {
  if (!address.includes(':')) return address;
  const [head = ''] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  return [...groups, '0', '0', '0', '0'].slice(0, 4).join(':');
}

function hashKey(env: Bindings, counted: string): number {
  const hash = createHmac('sha256', env.BETTER_AUTH_SECRET).update(`roomkeeper/failed-password/1 ${counted}`);
  return hash.digest().readUIntBE(0, 6);
}
