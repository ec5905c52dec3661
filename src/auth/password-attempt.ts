import { AsyncLocalStorage } from 'node:async_hooks';
import { APIError } from 'better-auth/api';
import type { Bindings } from '../env.ts';
import { describeError } from '../log-text.ts';
import { type Attempt, reserveAttempt, returnAttempt, tooManyFailures } from './failed-passwords.ts';
import { hashPassword, verifyPassword } from './password.ts';
import { noticeOutage } from './watched-database.ts';

/**
 * The only way to a stored password: Better Auth verifies through `verifyCountedPassword`, which counts the attempt first
 * and refuses outside of `withPasswordAttempts`. So no route verifies a password that is not counted, listed or not.
 */

/** The header of Better Auth's own refusals that says how many seconds to wait. */
export const RETRY_AFTER_HEADER = 'x-retry-after';

/** A request that may give a password. */
export interface PasswordRequest {
  readonly env: Bindings;
  /** Where Better Auth hashes a password of an unknown account, so that the time taken is the same. */
  readonly isSignIn: boolean;
  /** The account and the address; `null` where the request names no account. */
  findAttempt(): Promise<Attempt | null>;
}

const current = new AsyncLocalStorage<PasswordRequest>();

/** Runs `work` for a request that may give a password. Inside, a refused attempt throws 429 with `x-retry-after`. */
export function withPasswordAttempts<Result>(
  request: PasswordRequest,
  work: () => Promise<Result>,
): Promise<Result> {
  return current.run(request, work);
}

/** Better Auth's `password.verify`. */
export async function verifyCountedPassword(given: { hash: string; password: string }): Promise<boolean> {
  const request = current.getStore();
  const attempt = (await request?.findAttempt()) ?? null;
  if (request === undefined || attempt === null) {
    throw new Error(
      'A password was to be verified for an account that is not known: it could not be counted.',
    );
  }
  const reservedAt = await reserve(request.env, attempt);
  const isRight = await verifyPassword(given);
  if (isRight) await giveBack(request.env, attempt, reservedAt);
  return isRight;
}

/** Better Auth's `password.hash`: of a new password, and at sign-in of a password whose account is unknown. */
export async function hashCountedPassword(password: string): Promise<string> {
  const request = current.getStore();
  const attempt = request?.isSignIn === true ? await request.findAttempt() : null;
  if (request !== undefined && attempt !== null) await reserve(request.env, attempt);
  return hashPassword(password);
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
