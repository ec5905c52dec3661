import { describeError, redactSecrets } from '../../lib/log-text.ts';

/** What Better Auth hands a logger beside the message. */
type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Better Auth's logger: one record a line, without what could hold a credential. Errors of the database carry the
 * bound parameters, session tokens and password hashes among them, so of an error only its cleaned message is told.
 */
export function logAccounts(level: LogLevel, message: string, ...details: unknown[]): void {
  const record = { event: 'accounts', message: redactSecrets(message), details: details.map(described) };
  if (level === 'error') console.error(record);
  else if (level === 'warn') console.warn(record);
  else console.log(record);
}

/** Of what is no error only the type: Better Auth hands over users, sessions and tokens. */
function described(detail: unknown): string {
  return detail instanceof Error ? describeError(detail) : typeof detail;
}
