import { AsyncLocalStorage } from 'node:async_hooks';
import { APIError } from 'better-auth/api';
import type { Bindings } from '../../domain/env.ts';
import { describeError } from '../../lib/log-text.ts';
import { type Attempt, reserveAttempt, returnAttempt, formatTooManyFailures } from './failed-passwords.ts';
import { hashPassword, verifyPassword } from './password.ts';
import { recordOutage } from '../identity/outage-tracking.ts';

/**
 * Counts password attempts. Better Auth verifies every password with `verifyCountedPassword`, which throws outside of
 * `withPasswordAttempts`: so no route can verify a password without counting the attempt.
 */

/** The header with which Better Auth says how many seconds to wait. */
export const RETRY_AFTER_HEADER = 'x-retry-after';

/** A request that may contain a password. */
export interface PasswordRequest {
  readonly env: Bindings;
  /**
   * Whether hashing also counts as an attempt. Better Auth hashes a new password before it verifies the old one, and hashes
   * the password of an unknown account at sign-in so that the duration is the same.
   */
  readonly countsHashes: boolean;
  /** The account and the address; `null` if the request names no account. */
  findAttempt(): Promise<Attempt | null>;
}

/** A request and its attempt: counted once for everything that the request verifies and hashes. */
interface Counted {
  readonly request: PasswordRequest;
  counted: { readonly attempt: Attempt; /** Unix milliseconds. */ readonly at: number } | null;
}

const current = new AsyncLocalStorage<Counted>();

/** Runs `work` for a request that may contain a password. A refused attempt throws 429 with `x-retry-after`. */
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
      'The password was not verified: the account is unknown, so the attempt cannot be counted.',
    );
  }
  const isRight = await verifyPassword(given);
  if (isRight) await releaseAttempt(store.request.env, counted.attempt, counted.at);
  return isRight;
}

/** Better Auth's `password.hash`: for a new password, and at sign-in for an unknown account. */
export async function hashCountedPassword(password: string): Promise<string> {
  const store = current.getStore();
  if (store?.request.countsHashes === true) await count(store);
  return hashPassword(password);
}

/** Counts the request's attempt once. @returns `null` if the request names no account */
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
    console.error({ event: 'password_attempt_not_counted', error: describeError(error) });
    recordOutage(error);
    throw new APIError('SERVICE_UNAVAILABLE');
  }
  if (retryAfter === null) return now;
  throw new APIError(
    'TOO_MANY_REQUESTS',
    { code: 'TOO_MANY_FAILURES', message: formatTooManyFailures(retryAfter) },
    { [RETRY_AFTER_HEADER]: String(retryAfter) },
  );
}

/** If this fails, the attempt counts as a failure until its window ends. */
async function releaseAttempt(env: Bindings, attempt: Attempt, reservedAt: number): Promise<void> {
  try {
    await returnAttempt(env, attempt, reservedAt);
  } catch (error) {
    console.error({ event: 'password_attempt_not_released', error: describeError(error) });
  }
}
