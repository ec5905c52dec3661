import { createHmac, timingSafeEqual } from 'node:crypto';

/**
 * Better Auth's session cookie. Defined here so that a sync request is authenticated without loading Better Auth.
 * better-auth.ts passes these values to Better Auth; the tests of credentials compare the rest of the format.
 */
export const SESSION_COOKIE_PREFIX = 'better-auth';

/** Lifetime of a session that is not refreshed, in seconds. Better Auth's default. */
export const SESSION_LIFETIME_SECONDS = 7 * 24 * 60 * 60;
/** A session of this age is refreshed when it is used, in seconds. Better Auth's default. */
export const SESSION_REFRESH_AGE_SECONDS = 24 * 60 * 60;

/** `https:` origins use the `__Secure-` prefix (RFC 6265bis, 4.1.3.1). */
export function getSessionCookieName(origin: string): string {
  const name = `${SESSION_COOKIE_PREFIX}.session_token`;
  return origin.startsWith('https://') ? `__Secure-${name}` : name;
}

/** The raw value of a cookie in a `Cookie` header. Like Better Auth, takes the first of two cookies with the same name. */
export function getCookieValue(cookies: string, name: string): string | null {
  for (const cookie of cookies.split(';')) {
    const [key, ...value] = cookie.trim().split('=');
    if (key === name) return value.join('=');
  }
  return null;
}

/**
 * The session token of a signed value, or `null` if the signature is not valid. The format is `token.signature`, with an
 * HMAC-SHA-256 in base64. Source: better-call's `signCookieValue`.
 * @param signed the value of the cookie or of `set-auth-token`, percent-encoded or not
 */
export function readSignedToken(secret: string, signed: string): string | null {
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
    // Not percent-encoded, so not signed by this server either.
    return text;
  }
}
