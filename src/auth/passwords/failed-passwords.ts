import { createHmac } from 'node:crypto';
import type { Bindings } from '../../domain/env.ts';

/** Wrong passwords count for this long after the first of them, in milliseconds. */
const WINDOW_MS = 15 * 60_000;

/** So many for one account, from wherever, and then no password of it is looked at until the window ends. */
const MAX_OF_ACCOUNT = 10;
/** So many from one address, for whichever accounts: many people may share one. */
const MAX_OF_ADDRESS = 50;

/** Rows of past windows that one attempt removes: more than it adds. */
const PRUNED_AN_ATTEMPT = 4;

const LOOPBACK = new Set(['127.0.0.1', '::1']);

/** What a password is given for. */
export interface Attempt {
  /** An e-mail address, which need not have an account, or a user's id. */
  readonly account: { readonly email: string } | { readonly userId: string };
  /** From where, as Cloudflare tells; `null` where it does not. */
  readonly address: string | null;
}

/**
 * Counts the attempt for the account and for the address, unless one of the two has reached its limit. One statement, so
 * attempts that run at the same time cannot pass the limit together.
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
    SELECT key FROM failed_password WHERE since <= ?1 - ${WINDOW_MS} ORDER BY since LIMIT ${PRUNED_AN_ATTEMPT}
  )`;

/**
 * Counts an attempt as failed before its password is verified. Writes a row for the account and one for the address, two
 * each the first time; a refused attempt writes nothing.
 * @param now Unix milliseconds
 * @returns `null`: the password may be verified. Otherwise the seconds until the next attempt
 */
export async function reserveAttempt(env: Bindings, attempt: Attempt, now: number): Promise<number | null> {
  const given = [...keysOf(env, attempt), now, MAX_OF_ACCOUNT, MAX_OF_ADDRESS];
  const [reserved, waiting] = await env.DB.batch<{ waitMs: number | null }>([
    env.DB.prepare(RESERVE).bind(...given),
    env.DB.prepare(WAIT).bind(...given),
    env.DB.prepare(PRUNE).bind(now),
  ]);
  if (reserved !== undefined && reserved.results.length > 0) return null;
  return Math.max(1, Math.ceil((waiting?.results[0]?.waitMs ?? 0) / 1_000));
}

/**
 * The password was right: the account's failures are forgotten, and the address gets this one attempt back. The other
 * failures of the address stay.
 * @param reservedAt as given to `reserveAttempt`; a window that began later is not changed
 */
export async function returnAttempt(env: Bindings, attempt: Attempt, reservedAt: number): Promise<void> {
  const [account, address] = keysOf(env, attempt);
  const ofAddress = (sql: string) => env.DB.prepare(sql).bind(address, reservedAt);
  await env.DB.batch([
    env.DB.prepare('DELETE FROM failed_password WHERE key = ?').bind(account),
    ...(address === null
      ? []
      : [
          ofAddress('DELETE FROM failed_password WHERE key = ?1 AND since <= ?2 AND failures <= 1'),
          ofAddress('UPDATE failed_password SET failures = failures - 1 WHERE key = ?1 AND since <= ?2'),
        ]),
  ]);
}

/** The message of a refusal. */
export function tooManyFailures(retryAfter: number): string {
  const minutes = Math.ceil(retryAfter / 60);
  return `Too many wrong passwords. Try again in ${minutes} ${minutes === 1 ? 'minute' : 'minutes'}.`;
}

/** Of the account and of the address. Requests of this machine are not counted by address. */
function keysOf(env: Bindings, { account, address }: Attempt): [number, number | null] {
  const named = 'email' in account ? `email ${account.email.toLowerCase()}` : `user ${account.userId}`;
  const isCounted = address !== null && !LOOPBACK.has(address);
  return [keyOf(env, named), isCounted ? keyOf(env, `address ${networkOf(address)}`) : null];
}

/** Of IPv6 the first four groups: whoever has one address of them has them all (RFC 6177, 2). */
function networkOf(address: string): string {
  if (!address.includes(':')) return address;
  const [head = ''] = address.split('::');
  const groups = head.split(':').filter((group) => group !== '');
  return [...groups, '0', '0', '0', '0'].slice(0, 4).join(':');
}

function keyOf(env: Bindings, counted: string): number {
  const hash = createHmac('sha256', env.BETTER_AUTH_SECRET).update(`roomkeeper/failed-password/1 ${counted}`);
  return hash.digest().readUIntBE(0, 6);
}
