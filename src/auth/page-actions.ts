import { HTTPException } from 'hono/http-exception';
import type { Bindings } from '../env.ts';
import { problem } from '../problem.ts';
import { describe } from './account-log.ts';
import { accountsOf, ACCOUNTS_PATH } from './accounts.ts';
import { isBanned } from './ban.ts';
import { callAccounts } from './call-accounts.ts';
import { comesFromOwnOrigin, ownOrigin } from './origins.ts';

type FormField = 'name' | 'email' | 'password';

/** What a form of the pages comes to. `message` is for the person who sent it. */
export type ActionResult =
  | { readonly ok: true; /** `Set-Cookie` values for the answer. */ readonly setCookies: readonly string[] }
  | {
      readonly ok: false;
      readonly status: number;
      readonly message: string;
      /** The input that was wrong, where it was one. */
      readonly field?: FormField;
    };

/** Whom the session cookie names. */
export interface CurrentUser {
  readonly id: string;
  readonly name: string;
  readonly email: string;
  /** Comma-separated, as Better Auth's admin plugin stores them. */
  readonly role: string | null;
  /** `Set-Cookie` values for the answer: a session that is a day old is prolonged. */
  readonly setCookies: readonly string[];
}

/** Headers of the form's request that count for the account: whose session, from where, for the rate limit. */
const FORWARDED_HEADERS = ['cookie', 'origin', 'user-agent', 'cf-connecting-ip'];

export function signUp(
  env: Bindings,
  request: Request,
  form: { readonly name: string; readonly email: string; readonly password: string },
): Promise<ActionResult> {
  return act(env, request, '/sign-up/email', form);
}

export function signIn(
  env: Bindings,
  request: Request,
  form: { readonly email: string; readonly password: string },
): Promise<ActionResult> {
  return act(env, request, '/sign-in/email', form);
}

export function signOut(env: Bindings, request: Request): Promise<ActionResult> {
  return act(env, request, '/sign-out', {});
}

/**
 * The user of the session cookie, `null` without a good one. For pages read with GET: it checks no `Origin`.
 * @throws HTTPException of 503 where sessions cannot be looked up
 */
export async function currentUser(request: Request, env: Bindings): Promise<CurrentUser | null> {
  const cookie = request.headers.get('cookie');
  if (cookie === null) return null;
  const accounts = await accountsOf(env, ownOrigin(request));
  try {
    const { response, headers } = await accounts.api.getSession({
      headers: new Headers({ cookie }),
      returnHeaders: true,
    });
    if (response === null || isBanned(response.user, Date.now())) return null;
    const { id, name, email, role } = response.user;
    return { id, name, email, role: role ?? null, setCookies: headers.getSetCookie() };
  } catch (error) {
    console.error({ event: 'session look-up failed', error: describe(error) });
    throw new HTTPException(503, { res: problem(503, 'Sessions cannot be checked just now; try again.') });
  }
}

/** Forms go the way of the API, so that its checks and its rate limit hold for them as well. */
async function act(
  env: Bindings,
  request: Request,
  path: string,
  form: Readonly<Record<string, string>>,
): Promise<ActionResult> {
  if (!comesFromOwnOrigin(request)) {
    return {
      ok: false,
      status: 403,
      message: 'The form was sent from another site. Open this page and try again.',
    };
  }
  const headers = new Headers({ 'content-type': 'application/json' });
  for (const name of FORWARDED_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const url = `${ownOrigin(request)}${ACCOUNTS_PATH}${path}`;
  const response = await callAccounts(
    new Request(url, { method: 'POST', headers, body: JSON.stringify(form) }),
    env,
  );
  if (response.ok) return { ok: true, setCookies: response.headers.getSetCookie() };

  const { detail, code } = await response.json<{ detail: string; code?: string }>();
  const field = fieldOf(code, detail);
  return { ok: false, status: response.status, message: detail, ...(field === undefined ? {} : { field }) };
}

/** Better Auth's codes of what is wrong with one input; its schema names the input in the message instead. */
function fieldOf(code: string | undefined, message: string): FormField | undefined {
  switch (code) {
    case 'INVALID_EMAIL':
    case 'EMAIL_TOO_LONG':
    case 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL':
      return 'email';
    case 'PASSWORD_TOO_SHORT':
    case 'PASSWORD_TOO_LONG':
      return 'password';
    case 'NAME_TOO_LONG':
      return 'name';
    case undefined:
    default:
      return (['name', 'email', 'password'] as const).find((field) => message.startsWith(`[body.${field}]`));
  }
}
