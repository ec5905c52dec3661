import { DrizzleQueryError } from 'drizzle-orm';
import { redactSecrets } from '../../lib/log-text.ts';

/** Longest text of an error that is logged, kept and shown, in characters. */
const MAX_FAILURE_LENGTH = 500;

/**
 * What went wrong, for operators: never a row (drizzle's messages carry every parameter), never the connection string
 * or its password.
 */
export function describeFailure(error: unknown, connectionString: string): string {
  const cause = error instanceof DrizzleQueryError ? (error.cause ?? error) : error;
  const code = sqlState(cause);
  const parts = [cause instanceof Error ? cause.message : String(cause)];
  if (code !== null) parts.push(`(SQLSTATE ${code})`);
  let text = parts.join(' ').replaceAll(/\s+/g, ' ').trim() || 'an error without a message';
  for (const secret of secretsOf(connectionString)) text = text.replaceAll(secret, '[redacted]');
  return redactSecrets(text).slice(0, MAX_FAILURE_LENGTH);
}

function sqlState(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : null;
}

/** The string itself, and its password as written and as decoded. */
function secretsOf(connectionString: string): string[] {
  const written = URL.canParse(connectionString) ? new URL(connectionString).password : '';
  return [connectionString, written, decoded(written)].filter((secret) => secret !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded after all: then it stands in messages as it is written.
    return text;
  }
}
