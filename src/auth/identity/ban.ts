/** What a banned user is told. */
export const BANNED = 'This account is banned.';

/**
 * @param user as Better Auth's admin plugin reads it
 * @param now Unix time in milliseconds
 */
export function isBanned(user: Readonly<Record<string, unknown>>, now: number): boolean {
  const { banned, banExpires } = user;
  if (banned !== true) return false;
  return !(banExpires instanceof Date) || banExpires.getTime() > now;
}

/** SQL for the same: whether the account in the row of `user` is banned at `?2` (Unix milliseconds). */
export const IS_BANNED_SQL = '(coalesce(user.banned, 0) AND coalesce(user.ban_expires, ?2 + 1) > ?2)';
