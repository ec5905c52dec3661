/** Separates issuer and subject in the id of an external user. Local ids have only letters and digits. */
const SEPARATOR = '#';

/** Longest `sub` of an external issuer, in bytes of UTF-8. Source: OpenID Connect Core 1.0, 2. */
const MAX_SUB_BYTES = 255;

// oxlint-disable-next-line no-control-regex -- it finds control characters
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether the id belongs to an external user. */
export function isExternalUserId(userId: string): boolean {
  return userId.includes(SEPARATOR);
}

/**
 * Builds the id of an external user.
 * @param issuer without a `#`
 * @returns `{issuer}#{sub}`, or `null` if `sub` is empty, too long, not well-formed or contains control characters
 */
export function buildExternalUserId(issuer: string, sub: string): string | null {
  const bytes = new TextEncoder().encode(sub).length;
  if (bytes === 0 || bytes > MAX_SUB_BYTES || !sub.isWellFormed() || CONTROL.test(sub)) return null;
  return `${issuer}${SEPARATOR}${sub}`;
}

/** The display name of an external user: the subject of the id. */
export function getExternalUserName(userId: string): string {
  return userId.slice(userId.indexOf(SEPARATOR) + 1);
}

/**
 * The statement that inserts the row of an external user if it does not exist yet. The id is also the e-mail address:
 * it is not a valid address, so no local account can have it and no claim of the issuer can take over an account.
 */
export function insertExternalUser(db: D1Database, userId: string): D1PreparedStatement {
  return db
    .prepare('INSERT INTO user (id, name, email) VALUES (?1, ?2, ?1) ON CONFLICT DO NOTHING')
    .bind(userId, getExternalUserName(userId));
}
