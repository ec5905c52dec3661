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
