import { APIError } from 'better-auth/api';
import { DrizzleQueryError } from 'drizzle-orm';
import { type D1Outage, getD1Outage } from '../../lib/d1-outage.ts';
import type { Bindings } from '../../domain/env.ts';
import { describeError } from '../../lib/log-text.ts';
import { getBetterAuth } from './better-auth.ts';
import { submitForm, type ActionResult, type FormField, refuseCrossOrigin } from './form-action.ts';
import { guardOwnPassword } from './guard-passwords.ts';
import { getOrigin } from '../../lib/origin.ts';
import { RETRY_AFTER_HEADER } from '../passwords/password-attempt.ts';
import { trackOutages } from '../identity/outage-tracking.ts';

/** Actions of a signed-in user on their own account, for the forms of the dashboard. */

const DONE: ActionResult = { ok: true, setCookies: [] };

function unavailable(outage: D1Outage | null): ActionResult {
  return {
    ok: false,
    status: 503,
    message: outage?.detail ?? 'Accounts cannot be written just now; try again.',
    ...(outage !== null && { retryAfter: outage.retryAfterS }),
  };
}

export function changeName(env: Bindings, request: Request, name: string): Promise<ActionResult> {
  return submitForm(env, request, '/update-user', { name });
}

/** Also ends all other sessions and issues a new session to this browser. */
export async function changePassword(
  env: Bindings,
  request: Request,
  form: { readonly password: string; readonly newPassword: string },
): Promise<ActionResult> {
  const result = await submitForm(env, request, '/change-password', {
    currentPassword: form.password,
    newPassword: form.newPassword,
    revokeOtherSessions: true,
  });
  // Every other error about a password concerns the new one.
  const isNewOne = !result.ok && result.field === 'password' && result.message !== WRONG_PASSWORD;
  return isNewOne ? { ...result, field: 'newPassword' } : result;
}

const WRONG_PASSWORD = 'The password is wrong.';

/** For an account that has no password because it signs in with a provider. */
export async function setPassword(
  env: Bindings,
  request: Request,
  newPassword: string,
): Promise<ActionResult> {
  return (
    refuseCrossOrigin(request) ??
    withAccounts(env, request, async (api, headers) => {
      await api.setPassword({ headers, body: { newPassword } });
      return DONE;
    })
  );
}

/**
 * Changes the e-mail address at once, without confirmation by mail. The new address is not verified, so that no
 * provider's account is linked to it automatically.
 * @param form the current password and the new address
 */
export async function changeEmail(
  env: Bindings,
  request: Request,
  userId: string,
  form: { readonly email: string; readonly password: string },
): Promise<ActionResult> {
  return (
    refuseCrossOrigin(request) ??
    withAccounts(env, request, async (api, headers, context) => {
      await guardOwnPassword(request, env, userId, () =>
        api.verifyPassword({ headers, body: { password: form.password } }),
      );
      const email = form.email.toLowerCase();
      const holder = await context.internalAdapter.findUserByEmail(email);
      if (holder !== null && holder.user.id !== userId) return emailTaken();
      // The address is unchanged, and stays verified if it was.
      if (holder !== null) return DONE;
      try {
        await context.internalAdapter.updateUser(userId, { email, emailVerified: false });
      } catch (error) {
        // Another user took the address after the lookup.
        if (isUniqueViolation(error)) return emailTaken();
        throw error;
      }
      return DONE;
    })
  );
}

/** Ends one of the user's sessions. Does nothing if it has ended or belongs to another user. */
export async function endSession(env: Bindings, userId: string, sessionId: string): Promise<ActionResult> {
  return runStatement(
    env.DB.prepare('DELETE FROM session WHERE id = ? AND user_id = ?').bind(sessionId, userId),
  );
}

export async function endOtherSessions(
  env: Bindings,
  userId: string,
  thisSessionId: string,
): Promise<ActionResult> {
  const sql = 'DELETE FROM session WHERE user_id = ? AND id <> ?';
  return runStatement(env.DB.prepare(sql).bind(userId, thisSessionId));
}

/**
 * Locks the account and requests its erasure (`beforeDelete` in better-auth.ts).
 * @param password `null` for an account without a password; this requires a recent sign-in
 */
export async function deleteOwnAccount(
  env: Bindings,
  request: Request,
  password: string | null,
): Promise<ActionResult> {
  return submitForm(env, request, '/delete-user', password === null ? {} : { password });
}

/** Locks another user's account and requests its erasure. For operators. */
export function eraseOtherAccount(env: Bindings, request: Request, userId: string): Promise<ActionResult> {
  return submitForm(env, request, '/admin/remove-user', { userId });
}

async function runStatement(statement: D1PreparedStatement): Promise<ActionResult> {
  try {
    await statement.run();
    return DONE;
  } catch (error) {
    console.error({ event: 'session_deletion_failed', error: describeError(error) });
    return unavailable(getD1Outage(error));
  }
}

type Built = Awaited<ReturnType<typeof getBetterAuth>>;

/** Runs `work` with the functions that Better Auth offers only on the server. */
async function withAccounts(
  env: Bindings,
  request: Request,
  work: (api: Built['api'], headers: Headers, context: Awaited<Built['$context']>) => Promise<ActionResult>,
): Promise<ActionResult> {
  const accounts = await getBetterAuth(env, getOrigin(request));
  const headers = new Headers({ cookie: request.headers.get('cookie') ?? '' });
  const context = await accounts.$context;
  const { result, outage } = await trackOutages(() => toResult(() => work(accounts.api, headers, context)));
  return outage !== null && !result.ok ? unavailable(outage) : result;
}

async function toResult(work: () => Promise<ActionResult>): Promise<ActionResult> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof APIError) {
      const code = error.body?.code;
      const message = code === 'INVALID_PASSWORD' ? WRONG_PASSWORD : (error.body?.message ?? error.message);
      const field = getField(code);
      const retryAfter = Number(new Headers(error.headers).get(RETRY_AFTER_HEADER) ?? 0);
      return {
        ok: false,
        status: error.statusCode,
        message,
        ...(field === undefined ? {} : { field }),
        ...(retryAfter > 0 ? { retryAfter } : {}),
      };
    }
    console.error({ event: 'account_change_failed', error: describeError(error) });
    return unavailable(getD1Outage(error));
  }
}

function getField(code: string | undefined): FormField | undefined {
  switch (code) {
    case 'INVALID_PASSWORD':
      return 'password';
    case 'PASSWORD_TOO_SHORT':
    case 'PASSWORD_TOO_LONG':
      return 'newPassword';
    case 'EMAIL_TOO_LONG':
      return 'email';
    case undefined:
    default:
      return undefined;
  }
}

function emailTaken(): ActionResult {
  return {
    ok: false,
    status: 422,
    field: 'email',
    message: 'An account with this e-mail address already exists.',
  };
}

/** Whether a unique index of SQLite refused the write. */
function isUniqueViolation(error: unknown): boolean {
  return error instanceof DrizzleQueryError && String(error.cause).includes('UNIQUE constraint failed');
}
