import type { Context } from 'hono';
import type { AppEnv } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import { describeError } from '../../lib/log-text.ts';
import { isOperatorRole } from '../identity/operators.ts';
import { isExternalUserId, getExternalUserName } from '../identity/external-user.ts';

/** Where the caller asks who they are. */
export const ME_PATH = '/api/me';

/** It depends on the credential alone, which may be another one at the next request. */
const NO_STORE = { 'cache-control': 'private, no-store' };

interface Row {
  readonly name: string;
  readonly role: string | null;
}

/**
 * Answers who the caller is: the id that canonical paths of rooms are built with, where the user comes from, a name to show,
 * and whether they are an operator. One read of D1. Behind `authenticate`.
 */
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
  // The row of an external user is created by the first report of one of their rooms.
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
