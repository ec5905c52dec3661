import { APIError } from 'better-auth/api';
import { DrizzleQueryError } from 'drizzle-orm';
import { type D1Outage, getD1Outage } from '../../lib/d1-outage.ts';
import type { Bindings } from '../../domain/env.ts';
import { describeError } from '../../lib/log-text.ts';
import { accountsOf } from './accounts.ts';
import { act, type ActionResult, type FormField, refuseForeign } from './form-action.ts';
import { guardOwnPassword } from './guard-passwords.ts';
import { ownOrigin } from '../identity/origins.ts';
import { RETRY_AFTER_HEADER } from '../passwords/password-attempt.ts';
import { watchDatabase } from '../identity/watched-database.ts';

/** What a signed-in user does to his own account, by the forms of the pages. */

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
  return act(env, request, '/update-user', { name });
}

/** Ends all other sessions too, and gives this browser a new one: whoever knew the old password is out. */
export async function changePassword(
  env: Bindings,
  request: Request,
  form: { readonly password: string; readonly newPassword: string },
): Promise<ActionResult> {
  const result = await act(env, request, '/change-password', {
    currentPassword: form.password,
    newPassword: form.newPassword,
    revokeOtherSessions: true,
  });
  // Of the two, the current one can only be wrong.
  const isNewOne = !result.ok && result.field === 'password' && result.message !== WRONG_PASSWORD;
  return isNewOne ? { ...result, field: 'newPassword' } : result;
}

const WRONG_PASSWORD = 'That is not your password.';

/** For an account that signs in by a provider alone. */
export async function setPassword(
  env: Bindings,
  request: Request,
  newPassword: string,
): Promise<ActionResult> {
  return (
    refuseForeign(request) ??
    withAccounts(env, request, async (api, headers) => {
      await api.setPassword({ headers, body: { newPassword } });
      return DONE;
    })
  );
}

/**
 * Changes the address that the user signs in with, at once: there is no mail to confirm it by, so it counts as not
 * verified, and no provider's account is ever joined to it by itself.
 * @param form the account's password, and the new address
 */
export async function changeEmail(
  env: Bindings,
  request: Request,
  userId: string,
  form: { readonly email: string; readonly password: string },
): Promise<ActionResult> {
  return (
    refuseForeign(request) ??
    withAccounts(env, request, async (api, headers, context) => {
      await guardOwnPassword(request, env, userId, () =>
        api.verifyPassword({ headers, body: { password: form.password } }),
      );
      const email = form.email.toLowerCase();
      const holder = await context.internalAdapter.findUserByEmail(email);
      if (holder !== null && holder.user.id !== userId) return taken();
      // The address that it has may be verified, and stays so.
      if (holder !== null) return DONE;
      try {
        await context.internalAdapter.updateUser(userId, { email, emailVerified: false });
      } catch (error) {
        // Somebody took it since it was looked up.
        if (isTaken(error)) return taken();
        throw error;
      }
      return DONE;
    })
  );
}

/** Ends one of the user's sessions. One that is over already, or is not his, changes nothing. */
export async function endSession(env: Bindings, userId: string, sessionId: string): Promise<ActionResult> {
  return writing(env.DB.prepare('DELETE FROM session WHERE id = ? AND user_id = ?').bind(sessionId, userId));
}

export async function endOtherSessions(
  env: Bindings,
  userId: string,
  thisSessionId: string,
): Promise<ActionResult> {
  const sql = 'DELETE FROM session WHERE user_id = ? AND id <> ?';
  return writing(env.DB.prepare(sql).bind(userId, thisSessionId));
}

/**
 * Locks the account and asks for its erasure (`beforeDelete` in accounts.ts).
 * @param password of the account; without one where it has none, shortly after signing in
 */
export async function deleteOwnAccount(
  env: Bindings,
  request: Request,
  password: string | null,
): Promise<ActionResult> {
  return act(env, request, '/delete-user', password === null ? {} : { password });
}

/** The same of somebody else's, by an operator. */
export function eraseOther(env: Bindings, request: Request, userId: string): Promise<ActionResult> {
  return act(env, request, '/admin/remove-user', { userId });
}

async function writing(statement: D1PreparedStatement): Promise<ActionResult> {
  try {
    await statement.run();
    return DONE;
  } catch (error) {
    console.error({ event: 'sessions not ended', error: describeError(error) });
    return unavailable(getD1Outage(error));
  }
}

type Built = Awaited<ReturnType<typeof accountsOf>>;

/** For what Better Auth offers on the server alone. */
async function withAccounts(
  env: Bindings,
  request: Request,
  work: (api: Built['api'], headers: Headers, context: Awaited<Built['$context']>) => Promise<ActionResult>,
): Promise<ActionResult> {
  const accounts = await accountsOf(env, ownOrigin(request));
  const headers = new Headers({ cookie: request.headers.get('cookie') ?? '' });
  const context = await accounts.$context;
  const { result, outage } = await watchDatabase(() => resultOf(() => work(accounts.api, headers, context)));
  return outage !== null && !result.ok ? unavailable(outage) : result;
}

async function resultOf(work: () => Promise<ActionResult>): Promise<ActionResult> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof APIError) {
      const code = error.body?.code;
      const message = code === 'INVALID_PASSWORD' ? WRONG_PASSWORD : (error.body?.message ?? error.message);
      const field = fieldOf(code);
      const retryAfter = Number(new Headers(error.headers).get(RETRY_AFTER_HEADER) ?? 0);
      return {
        ok: false,
        status: error.statusCode,
        message,
        ...(field === undefined ? {} : { field }),
        ...(retryAfter > 0 ? { retryAfter } : {}),
      };
    }
    console.error({ event: 'account not changed', error: describeError(error) });
    return unavailable(getD1Outage(error));
  }
}

function fieldOf(code: string | undefined): FormField | undefined {
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

function taken(): ActionResult {
  return {
    ok: false,
    status: 422,
    field: 'email',
    message: 'There is an account with this e-mail address already.',
  };
}

/** SQLite's words for a broken unique index. */
function isTaken(error: unknown): boolean {
  return error instanceof DrizzleQueryError && String(error.cause).includes('UNIQUE constraint failed');
}
