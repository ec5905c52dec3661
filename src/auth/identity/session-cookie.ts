import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * The session's cookie as Better Auth makes it: accounts.ts gives it what can be given, and the tests of credentials
 * compare the rest. Here, so that a sync's credential is read without loading Better Auth.
 */
export const SESSION_COOKIE_PREFIX = 'better-auth';

/** How long a session lives that is not prolonged, in seconds: Better Auth's own default. */
export const SESSION_LIFETIME_SECONDS = 7 * 24 * 60 * 60;
/** The age at which using it prolongs it, in seconds: Better Auth's own default. */
export const SESSION_PROLONGED_AFTER_SECONDS = 24 * 60 * 60;

/** At `https:` origins alone does the cookie carry the prefix that browsers keep to those (RFC 6265bis, 4.1.3.1). */
export function sessionCookieName(origin: string): string {
  const name = `${SESSION_COOKIE_PREFIX}.session_token`;
  return origin.startsWith('https://') ? `__Secure-${name}` : name;
}

/** A cookie's value as it stands in a `Cookie` header: of two of the same name the first, as for Better Auth. */
export function valueOfCookie(cookies: string, name: string): string | null {
  for (const cookie of cookies.split(';')) {
    const [key, ...value] = cookie.trim().split('=');
    if (key === name) return value.join('=');
  }
  return null;
}

/**
 * The session token that a signed one is of, or `null` where it is not signed by us. Source: better-call's
 * `signCookieValue`: HMAC with SHA-256 in base64, after a dot.
 * @param signed as the cookie and `set-auth-token` have it, percent-encoded or not
 */
export function tokenOfSigned(secret: string, signed: string): string | null {
  const text = decoded(signed);
  const dot = text.lastIndexOf('.');
  if (dot < 1) return null;
  const token = text.slice(0, dot);
  const given = Buffer.from(text.slice(dot + 1));
  const expected = Buffer.from(createHmac('sha256', secret).update(token).digest('base64'));
  return given.length === expected.length && timingSafeEqual(given, expected) ? token : null;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stranger's: it is signed by nobody.
    return text;
  }
}
