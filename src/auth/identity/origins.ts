import { redactSecrets } from '../../lib/log-text.ts';

/** The origin that a request was sent to, as its URL tells. */
export function ownOrigin(request: Request): string {
  return new URL(request.url).origin;
}

/** Whether a request names its own origin as the one it comes from. Without an `Origin`, or with `null`, it does not. */
export function comesFromOwnOrigin(request: Request): boolean {
  return request.headers.get('origin') === ownOrigin(request);
}

/** Whether a request comes from a page of another origin. */
export function comesFromForeignOrigin(request: Request): boolean {
  return request.headers.has('origin') && !comesFromOwnOrigin(request);
}

/** What was last parsed, since it is asked for with each request and does not change. */
let parsed: { readonly text: string; readonly origins: readonly string[] } = { text: '', origins: [] };

/**
 * The origins of `TRUSTED_ORIGINS` (comma-separated). Only exact http(s) origins count: what is not one (a path, a
 * wildcard, `null`) is left out and logged, because a pattern that is meant to be narrow is easily wide.
 */
export function trustedOrigins(env: { readonly TRUSTED_ORIGINS?: string }): readonly string[] {
  const text = env.TRUSTED_ORIGINS ?? '';
  if (text === parsed.text) return parsed.origins;
  const given = text
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  const refused = given.filter((origin) => !isExactOrigin(origin));
  if (refused.length > 0) {
    console.error({
      event: 'TRUSTED_ORIGINS names what is not an exact origin',
      refused: refused.map(redactSecrets),
    });
  }
  parsed = { text, origins: given.filter(isExactOrigin) };
  return parsed.origins;
}

/** Origins of this machine, whatever their port, as Better Auth's patterns. */
const LOCALHOST_PATTERNS = ['http://localhost:*', 'http://127.0.0.1:*'];
const LOCALHOST = /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/;

interface TrustVariables {
  readonly TRUSTED_ORIGINS?: string;
  readonly TRUST_LOCALHOST?: string;
}

/** The same for Better Auth, which takes patterns too. */
export function trustedOriginPatterns(env: TrustVariables): readonly string[] {
  return env.TRUST_LOCALHOST === 'true'
    ? [...trustedOrigins(env), ...LOCALHOST_PATTERNS]
    : trustedOrigins(env);
}

/** Whether browser apps of an origin may call with bearer tokens. */
export function isTrustedOrigin(env: TrustVariables, origin: string): boolean {
  return (env.TRUST_LOCALHOST === 'true' && LOCALHOST.test(origin)) || trustedOrigins(env).includes(origin);
}

/** What to do about an origin that is not trusted. */
export const UNTRUSTED_ORIGIN =
  'Browser apps of this origin may not call here. The operator allows it by naming it in TRUSTED_ORIGINS.';

function isExactOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return (
    url !== null &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.origin === text &&
    !text.includes('*')
  );
}
