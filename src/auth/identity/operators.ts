import { IS_BANNED_SQL } from './ban.ts';

/** The role that makes an account an operator. */
const OPERATOR_ROLE = 'admin';

/**
 * Whether an account has the operator role and is not banned. Reads D1 on every call, so that a revoked role has no
 * effect at once. Rejects if D1 fails.
 * @param now Unix time in milliseconds
 */
export async function isOperatorAccount(db: D1Database, userId: string, now: number): Promise<boolean> {
  const row = await db
    .prepare(`SELECT role FROM user WHERE id = ?1 AND NOT ${IS_BANNED_SQL}`)
    .bind(userId, now)
    .first<{ role: string | null }>();
  return isOperatorRole(row?.role ?? null);
}

/** @param roles of a user, comma-separated, as stored by Better Auth's admin plugin */
export function isOperatorRole(roles: string | null): boolean {
  return (roles ?? '').split(',').some((role) => role.trim() === OPERATOR_ROLE);
}
