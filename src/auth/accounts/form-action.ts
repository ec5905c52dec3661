import type { Bindings } from '../../domain/env.ts';
import { ACCOUNTS_PATH } from './accounts.ts';
import { callAccounts } from './call-accounts.ts';
import { comesFromOwnOrigin, ownOrigin } from '../identity/origins.ts';

/** Inputs of the pages' forms about accounts. */
export type FormField = 'name' | 'email' | 'password' | 'newPassword';

/** What a form of the pages comes to. `message` is for the person who sent it. */
export type ActionResult =
  | { readonly ok: true; /** `Set-Cookie` values for the answer. */ readonly setCookies: readonly string[] }
  | {
      readonly ok: false;
      readonly status: number;
      readonly message: string;
      /** The input that was wrong, where it was one. */
      readonly field?: FormField;
      /** For how long nothing more is taken, in seconds, where that is why. */
      readonly retryAfter?: number;
    };

type Field = string | boolean;

/** Headers of the form's request that count for the account: whose session, from where, for the rate limit. */
const FORWARDED_HEADERS = ['cookie', 'origin', 'user-agent', 'cf-connecting-ip'];

const FOREIGN: Extract<ActionResult, { ok: false }> = {
  ok: false,
  status: 403,
  message: 'The form was sent from another site. Open this page and try again.',
};

/** The refusal of a form that another site sent; `null` where it is ours. */
export function refuseForeign(request: Request): Extract<ActionResult, { ok: false }> | null {
  return comesFromOwnOrigin(request) ? null : FOREIGN;
}

/**
 * Forms go the way of the API, so that its checks and its rate limit hold for them as well.
 */
export async function act(
  env: Bindings,
  request: Request,
  path: string,
  form: Readonly<Record<string, Field>>,
): Promise<ActionResult> {
  const foreign = refuseForeign(request);
  if (foreign !== null) return foreign;
  const response = await callAccounts(asApiRequest(request, path, form), env);
  return response.ok ? { ok: true, setCookies: response.headers.getSetCookie() } : failureOf(response);
}

/** What a refusal of the API says to who sent a form. @param response a problem document */
export async function failureOf(response: Response): Promise<Extract<ActionResult, { ok: false }>> {
  const { detail, code } = await response.json<{ detail: string; code?: string }>();
  const field = fieldOf(code, detail);
  const retryAfter = Number(response.headers.get('retry-after') ?? 0);
  return {
    ok: false,
    status: response.status,
    message: MESSAGES[code ?? ''] ?? detail,
    ...(field === undefined ? {} : { field }),
    ...(retryAfter > 0 ? { retryAfter } : {}),
  };
}

/** @param path below Better Auth's */
export function asApiRequest(request: Request, path: string, form: Readonly<Record<string, Field>>): Request {
  const headers = new Headers({ 'content-type': 'application/json' });
  for (const name of FORWARDED_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const url = `${ownOrigin(request)}${ACCOUNTS_PATH}${path}`;
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(form) });
}

const SIGN_IN_AGAIN = 'Sign out and in again first: this asks for a sign-in of less than a day ago.';

/** Better Auth's words where they are not for people. */
const MESSAGES: Readonly<Record<string, string>> = {
  INVALID_EMAIL_OR_PASSWORD: 'The e-mail address or the password is not right.',
  INVALID_PASSWORD: 'That is not your password.',
  SESSION_NOT_FRESH: SIGN_IN_AGAIN,
  SESSION_EXPIRED: SIGN_IN_AGAIN,
  FAILED_TO_UNLINK_LAST_ACCOUNT: 'It is the only way to sign in to your account. Set a password first.',
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: 'There is an account with this e-mail address already.',
};

/** Better Auth's codes of what is wrong with one input; its schema names the input in the message instead. */
function fieldOf(code: string | undefined, message: string): FormField | undefined {
  switch (code) {
    case 'INVALID_EMAIL':
    case 'EMAIL_TOO_LONG':
    case 'USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL':
      return 'email';
    case 'INVALID_PASSWORD':
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
