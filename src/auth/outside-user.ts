/** Parts the issuer from the subject in the id of an outside issuer's user. Local ids are letters and digits alone. */
const SEPARATOR = '#';

/** Longest `sub` of an outside issuer, in bytes of UTF-8: OpenID Connect's own bound is 255 (Core 1.0, 2). */
const MAX_SUB_BYTES = 255;

// oxlint-disable-next-line no-control-regex -- control characters are what it looks for
const CONTROL = /[\u0000-\u001f\u007f-\u009f]/;

/** Whether a user comes from the outside issuer. Ids of local accounts never contain a `#`. */
export function isOutsideUserId(userId: string): boolean {
  return userId.includes(SEPARATOR);
}

/**
 * The id of an outside issuer's user.
 * @param issuer without a `#`
 * @returns `{issuer}#{sub}`, or `null` where `sub` is empty, too long, or no text that can be stored and encoded
 */
export function outsideUserId(issuer: string, sub: string): string | null {
  const bytes = new TextEncoder().encode(sub).length;
  if (bytes === 0 || bytes > MAX_SUB_BYTES || !sub.isWellFormed() || CONTROL.test(sub)) return null;
  return `${issuer}${SEPARATOR}${sub}`;
}

/**
 * Makes the row of an outside issuer's user, where there is none. The id stands for the e-mail address too: it is no
 * valid address, so nobody can sign up with it, and no claim of the issuer can take an account over.
 * Idempotent. Rejects where D1 does.
 * @param userId as `outsideUserId` gives it
 */
export async function ensureOutsideUser(db: D1Database, userId: string): Promise<void> {
  const name = userId.slice(userId.indexOf(SEPARATOR) + 1);
  await db
    .prepare('INSERT INTO user (id, name, email) VALUES (?1, ?2, ?1) ON CONFLICT DO NOTHING')
    .bind(userId, name)
    .run();
}

/**
 * Runs a write that refers to a user. Where it fails because an outside issuer's user has no row yet, the row is made
 * and the write runs once more: the first sight costs two statements more, every other nothing.
 */
export async function withOutsideUser<T>(
  db: D1Database,
  userId: string,
  write: () => Promise<T>,
): Promise<T> {
  try {
    return await write();
  } catch (error) {
    if (!isOutsideUserId(userId) || !isForeignKeyFailure(error)) throw error;
    await ensureOutsideUser(db, userId);
    return await write();
  }
}

/** SQLite's text for SQLITE_CONSTRAINT_FOREIGNKEY; a query builder may have wrapped the error of D1. */
function isForeignKeyFailure(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  return error.message.includes('FOREIGN KEY constraint failed') || isForeignKeyFailure(error.cause);
}
