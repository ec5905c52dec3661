import * as z from 'zod';
import type { Bindings } from '../../domain/env.ts';
import type { Attempt } from '../passwords/failed-passwords.ts';
import { getOrigin } from '../../lib/origin.ts';
import { withPasswordAttempts } from '../passwords/password-attempt.ts';
import { readBetterAuthSession } from './better-auth-session.ts';

/** Set by Cloudflare; clients cannot set it. */
const CLIENT_ADDRESS_HEADER = 'cf-connecting-ip';

/** Longest e-mail address (RFC 5321, 4.5.3.1.3). */
const MAX_EMAIL_CHARACTERS = 254;

const signInSchema = z.object({ email: z.string().max(MAX_EMAIL_CHARACTERS) });

/** Content types as Better Auth distinguishes them. Source: `getBody` of better-call 1.4. */
const JSON_TYPE = /^application\/([a-z0-9.+-]*\+)?json/;
const FORM_TYPE = 'application/x-www-form-urlencoded';

/** The only path whose body names the account. On other paths it is the account of the session. */
const SIGN_IN = '/sign-in/email';

/** The path that hashes a password of an account that does not exist yet. */
const SIGN_UP = '/sign-up/email';

/**
 * Refuses passwords after too many wrong ones, with 429 and `Retry-After`. Counts in D1, so that the limit applies to all
 * isolates. Requests without a password cost nothing.
 * @param path relative to `ACCOUNTS_PATH`
 * @param call calls Better Auth and returns refusals as problem documents
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
    const account = isSignIn
      ? readSignInAccount(body, headers)
      : await readSessionAccount(request, env, headers);
    return account && { account, address: getAddress(request) };
  };
  return withPasswordAttempts({ env, countsHashes: path !== SIGN_UP, findAttempt }, call);
}

/** The same limit for a password that is verified with Better Auth's server functions. */
export function guardOwnPassword<Result>(
  request: Request,
  env: Bindings,
  userId: string,
  verify: () => Promise<Result>,
): Promise<Result> {
  const attempt = { account: { userId }, address: getAddress(request) };
  return withPasswordAttempts({ env, countsHashes: false, findAttempt: async () => attempt }, verify);
}

function getAddress(request: Request): string | null {
  return request.headers.get(CLIENT_ADDRESS_HEADER);
}

function readSignInAccount(body: Uint8Array, headers: Headers): Attempt['account'] | null {
  const given = signInSchema.safeParse(parseFields(body, headers.get('content-type')));
  return given.success ? given.data : null;
}

async function readSessionAccount(
  request: Request,
  env: Bindings,
  headers: Headers,
): Promise<Attempt['account'] | null> {
  const session = await readBetterAuthSession(env, getOrigin(request), headers);
  return session === 'unavailable' ? null : session;
}

/**
 * Parses a body exactly as Better Auth does: by its content type, and as JSON if that matches both. A body can be valid as
 * both, and name a different account in each.
 */
function parseFields(body: Uint8Array, contentType: string | null): unknown {
  const text = new TextDecoder().decode(body);
  const type = (contentType ?? '').toLowerCase();
  if (!JSON_TYPE.test(type) && type.includes(FORM_TYPE)) return Object.fromEntries(new URLSearchParams(text));
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
