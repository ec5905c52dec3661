import { describeError, redactSecrets } from '../../lib/log-text.ts';

/** Better Auth's log levels. */
type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Better Auth's logger: one record per line, without credentials. Database errors contain bound parameters such as
 * session tokens and password hashes, so only their cleaned message is logged.
 */
export function logAccounts(level: LogLevel, message: string, ...details: unknown[]): void {
  const record = { event: 'accounts', message: redactSecrets(message), details: details.map(described) };
  if (level === 'error') console.error(record);
  else if (level === 'warn') console.warn(record);
  else console.log(record);
}

/** Other values are logged as their type, because Better Auth passes users, sessions and tokens. */
function described(detail: unknown): string {
  return detail instanceof Error ? describeError(detail) : typeof detail;
}
