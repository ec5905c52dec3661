import type { Bindings } from '../../domain/env.ts';
import { ACCOUNTS_PATH } from './better-auth.ts';
import { callAccounts } from './call-accounts.ts';
import { getOrigin, isSameOrigin } from '../../lib/origin.ts';

/** Inputs of the account forms. */
export type FormField = 'name' | 'email' | 'password' | 'newPassword';

/** Result of a form. `message` is shown to the user. */
export type ActionResult =
  | { readonly ok: true; /** `Set-Cookie` values of the response. */ readonly setCookies: readonly string[] }
  | {
      readonly ok: false;
      readonly status: number;
      readonly message: string;
      /** The invalid input, if there is one. */
      readonly field?: FormField;
      /** Seconds to wait after too many attempts or during an outage. */
      readonly retryAfter?: number;
    };

type Field = string | boolean;

/** Headers that identify the session and, for the rate limit, the client. */
const FORWARDED_HEADERS = ['cookie', 'origin', 'user-agent', 'cf-connecting-ip'];

const FOREIGN: Extract<ActionResult, { ok: false }> = {
  ok: false,
  status: 403,
  message: 'The form was sent from another site. Open this page and try again.',
};

/** Refuses a form that another site sent. @returns `null` for a form of this site */
export function refuseCrossOrigin(request: Request): Extract<ActionResult, { ok: false }> | null {
  return isSameOrigin(request) ? null : FOREIGN;
}

/** Sends a form through the accounts API, so that the API's checks and rate limits also apply to forms. */
export async function submitForm(
  env: Bindings,
  request: Request,
  path: string,
  form: Readonly<Record<string, Field>>,
): Promise<ActionResult> {
  const foreign = refuseCrossOrigin(request);
  if (foreign !== null) return foreign;
  const response = await callAccounts(createApiRequest(request, path, form), env);
  return response.ok ? { ok: true, setCookies: response.headers.getSetCookie() } : readFailure(response);
}

/** Converts a problem document of the API into the failure of a form. */
export async function readFailure(response: Response): Promise<Extract<ActionResult, { ok: false }>> {
  const { detail, code } = await response.json<{ detail: string; code?: string }>();
  const field = getField(code, detail);
  const retryAfter = Number(response.headers.get('retry-after') ?? 0);
  return {
    ok: false,
    status: response.status,
    message: MESSAGES[code ?? ''] ?? detail,
    ...(field === undefined ? {} : { field }),
    ...(retryAfter > 0 ? { retryAfter } : {}),
  };
}

/** @param path relative to `ACCOUNTS_PATH` */
export function createApiRequest(
  request: Request,
  path: string,
  form: Readonly<Record<string, Field>>,
): Request {
  const headers = new Headers({ 'content-type': 'application/json' });
  for (const name of FORWARDED_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const url = `${getOrigin(request)}${ACCOUNTS_PATH}${path}`;
  return new Request(url, { method: 'POST', headers, body: JSON.stringify(form) });
}

const SIGN_IN_AGAIN = 'This requires a sign-in within the last day. Sign out and sign in again first.';

/** Messages for users, by Better Auth's error code. */
const MESSAGES: Readonly<Record<string, string>> = {
  INVALID_EMAIL_OR_PASSWORD: 'The e-mail address or the password is wrong.',
  INVALID_PASSWORD: 'The password is wrong.',
  SESSION_NOT_FRESH: SIGN_IN_AGAIN,
  SESSION_EXPIRED: SIGN_IN_AGAIN,
  FAILED_TO_UNLINK_LAST_ACCOUNT: 'This is the only way to sign in to your account. Set a password first.',
  USER_ALREADY_EXISTS_USE_ANOTHER_EMAIL: 'An account with this e-mail address already exists.',
};

/** The input that an error of Better Auth is about. Schema errors have no code, but name the input in the message. */
function getField(code: string | undefined, message: string): FormField | undefined {
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
