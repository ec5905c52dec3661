/** Parts the issuer from the subject in the id of an external issuer's user. Local ids are letters and digits alone. */
const SEPARATOR = '#';

/** Longest `sub` of an external issuer, in bytes of UTF-8: OpenID Connect's own bound is 255 (Core 1.0, 2). */
const MAX_SUB_BYTES = 255;

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether a user comes from the external issuer. Ids of local accounts never contain a `#`. */
export function isExternalUserId(userId: string): boolean {
  return userId.includes(SEPARATOR);
}

/**
 * The id of an external issuer's user.
 * @param issuer without a `#`
 * @returns `{issuer}#{sub}`, or `null` where `sub` is empty, too long, or no text that can be stored and encoded
 */
export function buildExternalUserId(issuer: string, sub: string): string | null {
  const bytes = new TextEncoder().encode(sub).length;
  if (bytes === 0 || bytes > MAX_SUB_BYTES || !sub.isWellFormed() || CONTROL.test(sub)) return null;
  return `${issuer}${SEPARATOR}${sub}`;
}

/** A name to show for an external user: the subject. @param userId as `buildExternalUserId` gives it */
export const getExternalUserName = (userId: string): string => userId.slice(userId.indexOf(SEPARATOR) + 1);

/**
 * Makes the row of an external issuer's user, where there is none: to stand before whatever refers to it. The id stands
 * for the e-mail address too: it is no valid address, so nobody can sign up with it, and no claim of the issuer can
 * take an account over. Idempotent; writes no row where there is one.
 * @param userId as `buildExternalUserId` gives it
 */
export function insertExternalUser(db: D1Database, userId: string): D1PreparedStatement {
  return db
    .prepare('INSERT INTO user (id, name, email) VALUES (?1, ?2, ?1) ON CONFLICT DO NOTHING')
    .bind(userId, getExternalUserName(userId));
}
