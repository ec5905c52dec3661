import * as z from 'zod';
import type { Bindings } from '../../domain/env.ts';
import type { Attempt } from '../passwords/failed-passwords.ts';
import { ownOrigin } from '../identity/origins.ts';
import { withPasswordAttempts } from '../passwords/password-attempt.ts';
import { sessionOfAccount } from './session-of-account.ts';

/** The header in which Cloudflare names the client; a client cannot set it. */
const CLIENT_ADDRESS_HEADER = 'cf-connecting-ip';

/** Longest text that is looked at: an e-mail address has at most 254 characters. */
const MAX_EMAIL_CHARACTERS = 254;

const signInSchema = z.object({ email: z.string().max(MAX_EMAIL_CHARACTERS) });

/** Content types that Better Auth takes for one or the other. Source: `getBody` of better-call 1.4. */
const JSON_TYPE = /^application\/([a-z0-9.+-]*\+)?json/;
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The path below Better Auth's where the account is named beside the password. Everywhere else it is the session's. */
const SIGN_IN = '/sign-in/email';

/** The path where a password is hashed that belongs to no account yet. */
const SIGN_UP = '/sign-up/email';

/**
 * Refuses passwords after too many wrong ones: 429 with `Retry-After`. Counted in D1, so it holds whichever isolate
 * answers. A request that gives no password costs nothing.
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
  const isSignIn = path === SIGN_IN;
  const findAttempt = async (): Promise<Attempt | null> => {
    const account = isSignIn ? accountOfSignIn(body, headers) : await accountOfSession(request, env, headers);
    return account && { account, address: addressOf(request) };
  };
  return withPasswordAttempts({ env, countsHashes: path !== SIGN_UP, findAttempt }, call);
}

/** For a password that is verified without a request to Better Auth. */
export function guardOwnPassword<Result>(
  request: Request,
  env: Bindings,
  userId: string,
  verify: () => Promise<Result>,
): Promise<Result> {
  const attempt = { account: { userId }, address: addressOf(request) };
  return withPasswordAttempts({ env, countsHashes: false, findAttempt: async () => attempt }, verify);
}

function addressOf(request: Request): string | null {
  return request.headers.get(CLIENT_ADDRESS_HEADER);
}

function accountOfSignIn(body: Uint8Array, headers: Headers): Attempt['account'] | null {
  const given = signInSchema.safeParse(fieldsOf(body, headers.get('content-type')));
  return given.success ? given.data : null;
}

async function accountOfSession(
  request: Request,
  env: Bindings,
  headers: Headers,
): Promise<Attempt['account'] | null> {
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
