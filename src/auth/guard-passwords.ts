import * as z from 'zod';
import type { Bindings } from '../env.ts';
import { problem } from '../problem.ts';
import { describe } from './account-log.ts';
import { type Attempt, noteFailure, noteSuccess, standingOf, tooManyFailures } from './failed-passwords.ts';
import { ownOrigin } from './origins.ts';
import { sessionOfAccount } from './session-of-account.ts';

/** The header in which Cloudflare names the client; a client cannot set it. */
const CLIENT_ADDRESS_HEADER = 'cf-connecting-ip';

/** Codes of Better Auth for a password that was wrong. */
const WRONG_PASSWORD = new Set(['INVALID_EMAIL_OR_PASSWORD', 'INVALID_PASSWORD']);
/** Longest text that is looked at: an e-mail address has at most 254 characters. */
const MAX_EMAIL_CHARACTERS = 254;

const signInSchema = z.object({ email: z.string().max(MAX_EMAIL_CHARACTERS) });
const passwordSchema = z.union([
  z.object({ password: z.string().min(1) }),
  z.object({ currentPassword: z.string().min(1) }),
]);

/** Content types that Better Auth takes for one or the other. Source: `getBody` of better-call 1.4. */
const JSON_TYPE = /^application\/([a-z0-9.+-]*\+)?json/;
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** Paths below Better Auth's where a password is given. */
const SIGN_IN = '/sign-in/email';
const OF_SIGNED_IN = new Set(['/change-password', '/delete-user']);

/**
 * Lets a password be looked at, unless too many wrong ones were given lately: 429 with `Retry-After`. Counted in D1, so it
 * holds whichever isolate answers. What succeeds at once costs a read; rows are written for failures.
 * @param path below Better Auth's
 * @param body of the request, JSON or a form or neither
 * @param call gives Better Auth's own answer, as a problem document where it is a refusal
 */
export async function guardPasswords(
  request: Request,
  env: Bindings,
  { path, body, headers }: { path: string; body: Uint8Array; headers: Headers },
  call: () => Promise<Response>,
): Promise<Response> {
  if (request.method !== 'POST') return call();
  const account = await accountOf(request, env, path, body, headers);
  if (account === null) return call();
  const attempt = { account, address: request.headers.get(CLIENT_ADDRESS_HEADER) };
  const { retryAfter, hasFailures } = await standingOf(env, attempt, Date.now());
  if (retryAfter !== null) return refusal(retryAfter);
  const response = await call();
  if (response.ok) {
    if (hasFailures) await noteSuccess(env, attempt);
  } else if (WRONG_PASSWORD.has(await codeOf(response))) {
    await noteFailure(env, attempt, Date.now());
  }
  return response;
}

/** For a password that is verified without a request to Better Auth. */
export async function guardOwnPassword<Result>(
  request: Request,
  env: Bindings,
  userId: string,
  verify: () => Promise<Result>,
  isWrong: (error: unknown) => boolean,
): Promise<Result | { readonly retryAfter: number }> {
  const attempt = { account: { userId }, address: request.headers.get(CLIENT_ADDRESS_HEADER) };
  const { retryAfter, hasFailures } = await standingOf(env, attempt, Date.now());
  if (retryAfter !== null) return { retryAfter };
  try {
    const result = await verify();
    if (hasFailures) await noteSuccess(env, attempt);
    return result;
  } catch (error) {
    if (isWrong(error)) await noteFailure(env, attempt, Date.now());
    throw error;
  }
}

function refusal(retryAfter: number): Response {
  const detail = tooManyFailures(retryAfter);
  return problem(429, detail, { code: 'TOO_MANY_FAILURES' }, { 'retry-after': String(retryAfter) });
}

/** Whose password a request gives; `null` where it gives none. */
async function accountOf(
  request: Request,
  env: Bindings,
  path: string,
  body: Uint8Array,
  headers: Headers,
): Promise<Attempt['account'] | null> {
  if (path !== SIGN_IN && !OF_SIGNED_IN.has(path)) return null;
  const fields = fieldsOf(body, headers.get('content-type'));
  if (path === SIGN_IN) {
    const given = signInSchema.safeParse(fields);
    return given.success ? given.data : null;
  }
  if (!passwordSchema.safeParse(fields).success) return null;
  const session = await sessionOfAccount(env, ownOrigin(request), headers);
  return session === 'unavailable' ? null : session;
}

/**
 * What a request says, read as Better Auth reads it: by its content type alone, and JSON where that could be either. A body
 * may well be both, and name another account to either reader.
 */
function fieldsOf(body: Uint8Array, contentType: string | null): unknown {
  const text = new TextDecoder().decode(body);
  const type = (contentType ?? '').toLowerCase();
  if (!JSON_TYPE.test(type) && type.includes(FORM_TYPE)) return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

async function codeOf(response: Response): Promise<string> {
  try {
    const answer: unknown = await response.clone().json();
    return z.object({ code: z.string() }).parse(answer).code;
  } catch (error) {
    // An answer without a code is no refusal of a password.
    if (!(error instanceof z.ZodError)) console.warn({ event: 'answer not read', error: describe(error) });
    return '';
  }
}
