import { createHmac } from 'node:crypto';
import type { Bindings } from '../env.ts';

/** Wrong passwords count for this long after the first of them, in milliseconds. */
const WINDOW_MS = 15 * 60_000;

/** So many for one account, from wherever, and then no password of it is looked at until the window ends. */
const MAX_OF_ACCOUNT = 10;
/** So many from one address, for whichever accounts: many people may share one. */
const MAX_OF_ADDRESS = 50;

/** Rows of past windows that one failure takes away: more than it brings. */
const PRUNED_A_FAILURE = 4;

const LOOPBACK = new Set(['127.0.0.1', '::1']);

/** What a password is given for. */
export interface Attempt {
  /** An e-mail address, which need not have an account, or a user's id. */
  readonly account: { readonly email: string } | { readonly userId: string };
  /** From where, as Cloudflare tells; `null` where it does not. */
  readonly address: string | null;
}

/** What is known of an attempt before its password is looked at. */
export interface Standing {
  /** For how long no password is looked at, in seconds; `null`: it is now. */
  readonly retryAfter: number | null;
  /** Whether something is kept against the account. */
  readonly hasFailures: boolean;
}

const STANDING = `
  SELECT max(CASE WHEN failures >= CASE key WHEN ?1 THEN ?3 ELSE ?4 END THEN since + ${WINDOW_MS} - ?5 END) AS waitMs,
    coalesce(sum(key = ?1), 0) AS ofAccount
  FROM failed_password WHERE key IN (?1, ?2) AND since > ?5 - ${WINDOW_MS}`;

const FAILED = `
  INSERT INTO failed_password (key, failures, since) VALUES (?1, 1, ?2)
  ON CONFLICT (key) DO UPDATE SET failures = CASE WHEN since > ?2 - ${WINDOW_MS} THEN failures + 1 ELSE 1 END,
    since = CASE WHEN since > ?2 - ${WINDOW_MS} THEN since ELSE ?2 END`;

const PRUNE = `
  DELETE FROM failed_password WHERE key IN (
    SELECT key FROM failed_password WHERE since <= ?1 - ${WINDOW_MS} ORDER BY since LIMIT ${PRUNED_A_FAILURE}
  )`;

/**
 * One read. Attempts that are under way at the same time do not know of each other: they are counted as they fail.
 * @param now Unix milliseconds
 */
export async function standingOf(env: Bindings, attempt: Attempt, now: number): Promise<Standing> {
  const [account, address] = keysOf(env, attempt);
  const found = await env.DB.prepare(STANDING)
    .bind(account, address, MAX_OF_ACCOUNT, MAX_OF_ADDRESS, now)
    .first<{ waitMs: number | null; ofAccount: number }>();
  const waitMs = found?.waitMs ?? null;
  return {
    retryAfter: waitMs === null ? null : Math.max(1, Math.ceil(waitMs / 1_000)),
    hasFailures: (found?.ofAccount ?? 0) > 0,
  };
}

/** The password was wrong. Writes a row for the account and one for the address, two each the first time. */
export async function noteFailure(env: Bindings, attempt: Attempt, now: number): Promise<void> {
  const [account, address] = keysOf(env, attempt);
  const failed = (key: number) => env.DB.prepare(FAILED).bind(key, now);
  await env.DB.batch([
    failed(account),
    ...(address === null ? [] : [failed(address)]),
    env.DB.prepare(PRUNE).bind(now),
  ]);
}

/** The password was right: nothing is kept against the account. What is kept against the address stays. */
export async function noteSuccess(env: Bindings, attempt: Attempt): Promise<void> {
  await env.DB.prepare('DELETE FROM failed_password WHERE key = ?').bind(keysOf(env, attempt)[0]).run();
}

/** What is said to who has to wait. */
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
