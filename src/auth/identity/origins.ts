import { redactSecrets } from '../../lib/log-text.ts';

/** The last parsed value: every request needs it, and it rarely changes. */
let parsed: { readonly text: string; readonly origins: readonly string[] } = { text: '', origins: [] };

/**
 * The origins of `TRUSTED_ORIGINS` (comma-separated). Only exact http(s) origins are accepted. Other values (a path, a
 * wildcard, `null`) are ignored and logged, because a wildcard easily matches more than intended.
 */
export function getTrustedOrigins(env: { readonly TRUSTED_ORIGINS?: string }): readonly string[] {
  const text = env.TRUSTED_ORIGINS ?? '';
  if (text === parsed.text) return parsed.origins;
  const given = text
    .split(',')
    .map((origin) => origin.trim())
    .filter((origin) => origin !== '');
  const refused = given.filter((origin) => !isExactOrigin(origin));
  if (refused.length > 0) {
    console.error({
      event: 'trusted_origins_invalid',
      refused: refused.map(redactSecrets),
    });
  }
  parsed = { text, origins: given.filter(isExactOrigin) };
  return parsed.origins;
}

/** Origins of this machine with any port, in Better Auth's pattern syntax. */
const LOCALHOST_PATTERNS = ['http://localhost:*', 'http://127.0.0.1:*'];
const LOCALHOST = /^http:\/\/(localhost|127\.0\.0\.1)(:\d+)?$/;

interface TrustVariables {
  readonly TRUSTED_ORIGINS?: string;
  readonly TRUST_LOCALHOST?: string;
}

/** The trusted origins as patterns for Better Auth. */
export function getTrustedOriginPatterns(env: TrustVariables): readonly string[] {
  return env.TRUST_LOCALHOST === 'true'
    ? [...getTrustedOrigins(env), ...LOCALHOST_PATTERNS]
    : getTrustedOrigins(env);
}

/** Whether browser apps of this origin may call the API with bearer tokens. */
export function isTrustedOrigin(env: TrustVariables, origin: string): boolean {
  return (
    (env.TRUST_LOCALHOST === 'true' && LOCALHOST.test(origin)) || getTrustedOrigins(env).includes(origin)
  );
}

export const UNTRUSTED_ORIGIN = 'This origin is not trusted. Ask the operator to add it to TRUSTED_ORIGINS.';

function isExactOrigin(text: string): boolean {
  const url = URL.canParse(text) ? new URL(text) : null;
  return (
    url !== null &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    url.origin === text &&
    !text.includes('*')
  );
}
