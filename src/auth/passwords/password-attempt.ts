import { AsyncLocalStorage } from 'node:async_hooks';
import { APIError } from 'better-auth/api';
import type { Bindings } from '../../domain/env.ts';
import { describeError } from '../../lib/log-text.ts';
import { type Attempt, reserveAttempt, returnAttempt, tooManyFailures } from './failed-passwords.ts';
import { hashPassword, verifyPassword } from './password.ts';
import { noticeOutage } from '../identity/watched-database.ts';

/**
 * The only way to a stored password: Better Auth verifies through `verifyCountedPassword`, which counts the attempt first
 * and refuses outside of `withPasswordAttempts`. So no route verifies a password that is not counted, listed or not.
 */

/** The header of Better Auth's own refusals that says how many seconds to wait. */
export const RETRY_AFTER_HEADER = 'x-retry-after';

/** A request that may give a password. */
export interface PasswordRequest {
  readonly env: Bindings;
  /**
   * Whether a hash is an attempt too. A hash takes as long as a verification, and Better Auth hashes a new password before it
   * verifies the old one; at sign-in it hashes the password of an unknown account, so that the time taken is the same.
   */
  readonly countsHashes: boolean;
  /** The account and the address; `null` where the request names no account. */
  findAttempt(): Promise<Attempt | null>;
}

/** A request, and its attempt once it is counted: one for all that it verifies and hashes. */
interface Counted {
  readonly request: PasswordRequest;
  counted: { readonly attempt: Attempt; /** Unix milliseconds. */ readonly at: number } | null;
}

const current = new AsyncLocalStorage<Counted>();

/** Runs `work` for a request that may give a password. Inside, a refused attempt throws 429 with `x-retry-after`. */
export function withPasswordAttempts<Result>(
  request: PasswordRequest,
  work: () => Promise<Result>,
): Promise<Result> {
  return current.run({ request, counted: null }, work);
}

/** Better Auth's `password.verify`. */
export async function verifyCountedPassword(given: { hash: string; password: string }): Promise<boolean> {
  const store = current.getStore();
  const counted = store === undefined ? null : await count(store);
  if (store === undefined || counted === null) {
    throw new Error(
      'A password was to be verified for an account that is not known: it could not be counted.',
    );
  }
  const isRight = await verifyPassword(given);
  if (isRight) await giveBack(store.request.env, counted.attempt, counted.at);
  return isRight;
}

/** Better Auth's `password.hash`: of a new password, and at sign-in of a password whose account is unknown. */
export async function hashCountedPassword(password: string): Promise<string> {
  const store = current.getStore();
  if (store?.request.countsHashes === true) await count(store);
  return hashPassword(password);
}

/** Counts the request's attempt, unless that is done. @returns `null` where the request names no account */
async function count(store: Counted): Promise<Counted['counted']> {
  if (store.counted !== null) return store.counted;
  const attempt = await store.request.findAttempt();
  if (attempt === null) return null;
  store.counted = { attempt, at: await reserve(store.request.env, attempt) };
  return store.counted;
}

/** @returns when, Unix milliseconds */
async function reserve(env: Bindings, attempt: Attempt): Promise<number> {
  const now = Date.now();
  let retryAfter: number | null;
  try {
    retryAfter = await reserveAttempt(env, attempt, now);
  } catch (error) {
    console.error({ event: 'failed passwords not counted', error: describeError(error) });
    noticeOutage(error);
    throw new APIError('SERVICE_UNAVAILABLE');
  }
  if (retryAfter === null) return now;
  throw new APIError(
    'TOO_MANY_REQUESTS',
    { code: 'TOO_MANY_FAILURES', message: tooManyFailures(retryAfter) },
    { [RETRY_AFTER_HEADER]: String(retryAfter) },
  );
}

/** An attempt that could not be given back counts as a failure until its window ends. */
async function giveBack(env: Bindings, attempt: Attempt, reservedAt: number): Promise<void> {
  try {
    await returnAttempt(env, attempt, reservedAt);
  } catch (error) {
    console.error({ event: 'password attempt not given back', error: describeError(error) });
  }
}
