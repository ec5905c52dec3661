import { IS_BANNED_SQL } from './ban.ts';

/** The role that makes an account an operator. */
const OPERATOR_ROLE = 'admin';

/**
 * Whether an account is an operator now: it has the role and is not banned. One read, each time, so that a role that
 * was taken away is gone at once. Rejects where D1 does.
 * @param now Unix time in milliseconds
 */
export async function isOperatorAccount(db: D1Database, userId: string, now: number): Promise<boolean> {
  const row = await db
    .prepare(`SELECT role FROM user WHERE id = ?1 AND NOT ${IS_BANNED_SQL}`)
    .bind(userId, now)
    .first<{ role: string | null }>();
  return isOperatorRole(row?.role ?? null);
}

/** @param roles of a user, comma-separated, as Better Auth's admin plugin stores them */
export function isOperatorRole(roles: string | null): boolean {
  return (roles ?? '').split(',').some((role) => role.trim() === OPERATOR_ROLE);
}
