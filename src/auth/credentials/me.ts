import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { describeError } from '../../lib/log-text.ts';
import { isOperatorRole } from '../identity/operators.ts';
import { isExternalUserId, getExternalUserName } from '../identity/external-user.ts';

export const ME_PATH = '/api/me';

/** The response depends on the credential, which can differ in the next request. */
const NO_STORE = { 'cache-control': 'private, no-store' };

interface Row {
  readonly name: string;
  readonly role: string | null;
}

/** Answers `GET /api/me`: the caller's id, kind, name and role. One read of D1. Runs after `authenticate`. */
export async function answerMe(c: Context<AppEnv>): Promise<Response> {
  const { userId } = c.get('principal');
  if (userId === null)
    return problem(403, 'An operator token belongs to no user. Use the credential of a user.');
  let row: Row | null;
  try {
    row = await c.env.DB.prepare('SELECT name, role FROM user WHERE id = ?').bind(userId).first<Row>();
  } catch (error) {
    console.error({ event: 'account_lookup_failed', error: describeError(error) });
    return problem(503, 'Accounts cannot be read just now; try again.', {}, { 'retry-after': '5' });
  }
  const isExternal = isExternalUserId(userId);
  // An external user has no row until the first report of one of their rooms.
  if (row === null && !isExternal)
    return problem(401, 'This account was deleted.', {}, { 'www-authenticate': 'Bearer' });
  const me = {
    userId,
    kind: isExternal ? 'external' : 'account',
    name: row?.name ?? getExternalUserName(userId),
    role: isOperatorRole(row?.role ?? null) ? 'admin' : 'user',
  };
  return c.json(me, 200, NO_STORE);
}
