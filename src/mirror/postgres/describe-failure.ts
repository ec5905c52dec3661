import { DrizzleQueryError } from 'drizzle-orm';
import { redactSecrets } from '../../lib/log-text.ts';

/** Maximum length of an error that is logged, stored and shown, in characters. */
const MAX_FAILURE_LENGTH = 500;

/**
 * The text of an error for operators. Contains no row data (Drizzle's messages contain all parameters) and no connection
 * string or password.
 */
export function describeFailure(error: unknown, connectionString: string): string {
  const cause = error instanceof DrizzleQueryError ? (error.cause ?? error) : error;
  const code = sqlState(cause);
  const parts = [cause instanceof Error ? cause.message : String(cause)];
  if (code !== null) parts.push(`(SQLSTATE ${code})`);
  let text = parts.join(' ').replaceAll(/\s+/g, ' ').trim() || 'an error without a message';
  for (const secret of getSecrets(connectionString)) text = text.replaceAll(secret, '[redacted]');
  return redactSecrets(text).slice(0, MAX_FAILURE_LENGTH);
}

function sqlState(error: unknown): string | null {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return null;
  return /^[0-9A-Z]{5}$/.test(error.code) ? error.code : null;
}

/** The connection string and its password, encoded and decoded. */
function getSecrets(connectionString: string): string[] {
  const written = URL.canParse(connectionString) ? new URL(connectionString).password : '';
  return [connectionString, written, decoded(written)].filter((secret) => secret !== '');
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Not percent-encoded, so messages contain it unchanged.
    return text;
  }
}
