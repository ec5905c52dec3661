import * as z from 'zod';
import { readBoundedBody } from '../../lib/bounded-body.ts';
import { getD1Outage } from '../../lib/d1-outage.ts';
import type { Bindings, Principal } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { describeError } from '../../lib/log-text.ts';
import { ACCOUNTS_PATH } from './better-auth.ts';
import { callAccounts } from './call-accounts.ts';
import { lockAccount } from './lock-account.ts';
import { getOrigin } from '../../lib/origin.ts';
import { isExternalUserId } from '../identity/external-user.ts';

export const DELETE_USER_PATH = `${ACCOUNTS_PATH}/delete-user`;

/** Longest body, in bytes. */
const MAX_BODY_BYTES = 4 * 1024;

/** The body of Better Auth's `delete-user`, without the members for confirmation by e-mail, which is not offered. */
const bodySchema = z.object({ password: z.string('password must be a string.').optional() });

/** Headers that identify the session and, for the rate limit, the client. */
const FORWARDED_HEADERS = ['authorization', 'cookie', 'origin', 'user-agent', 'cf-connecting-ip'];

type Deletion =
  | {
      readonly ok: true;
      readonly userId: string;
      /** `Set-Cookie` values. */ readonly setCookies: readonly string[];
    }
  | { readonly ok: false; readonly response: Response };

/**
 * Locks the caller's account and requests its erasure. Like Better Auth's `delete-user`, it requires the password, or a
 * session younger than a day. External users have neither, so their token is enough.
 */
export async function deleteAccount(
  request: Request,
  env: Bindings,
  principal: Principal,
): Promise<Deletion> {
  const { userId, via } = principal;
  if (userId === null)
    return refused(problem(403, 'The operator token has no account. Use the credential of a user.'));
  const body = await readBody(request);
  if (body instanceof Response) return refused(body);
  if (isExternalUserId(userId)) {
    try {
      await lockAccount(env.DB, userId, 'user');
    } catch (error) {
      console.error({ event: 'erasure_request_failed', error: describeError(error) });
      const outage = getD1Outage(error);
      const detail = outage?.detail ?? 'Accounts cannot be written just now; try again.';
      return refused(problem(503, detail, {}, { 'retry-after': String(outage?.retryAfterS ?? 5) }));
    }
    return { ok: true, userId, setCookies: [] };
  }
  if (via === 'jwt') {
    return refused(problem(403, 'A JWT cannot delete an account. Send the session’s token or cookie.'));
  }
  const headers = new Headers({ 'content-type': 'application/json' });
  for (const name of FORWARDED_HEADERS) {
    const value = request.headers.get(name);
    if (value !== null) headers.set(name, value);
  }
  const response = await callAccounts(
    new Request(`${getOrigin(request)}${DELETE_USER_PATH}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(body),
    }),
    env,
  );
  return response.ok
    ? { ok: true, userId, setCookies: response.headers.getSetCookie() }
    : { ok: false, response };
}

async function readBody(request: Request): Promise<z.infer<typeof bodySchema> | Response> {
  const bytes = await readBoundedBody(request, MAX_BODY_BYTES);
  if (bytes === null) return problem(413, `The body may have at most ${MAX_BODY_BYTES} bytes.`);
  if (bytes.byteLength === 0) return {};
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return problem(400, 'The body is not JSON.');
  }
  const parsed = bodySchema.safeParse(json);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path[0];
  return problem(
    400,
    field === undefined ? 'The body must be a JSON object.' : (issue?.message ?? 'The body is malformed.'),
    field === undefined ? {} : { field: String(field) },
  );
}

function refused(response: Response): Deletion {
  return { ok: false, response };
}
