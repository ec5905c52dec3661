export const BANNED = 'This account is banned.';

/**
 * Whether a user is banned. `IS_BANNED_SQL` is the same condition in SQL.
 * @param user as read by Better Auth
 * @param now Unix time in milliseconds
 */
export function isBanned(user: Readonly<Record<string, unknown>>, now: number): boolean {
  const { banned, banExpires } = user;
  if (banned !== true) return false;
  return !(banExpires instanceof Date) || banExpires.getTime() > now;
}

/** SQL for the same condition on the row of `user`. Parameter ?2: now, Unix milliseconds. */
export const IS_BANNED_SQL = '(coalesce(user.banned, 0) AND coalesce(user.ban_expires, ?2 + 1) > ?2)';
