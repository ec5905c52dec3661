/** What Better Auth hands a logger beside the message. */
type LogLevel = 'debug' | 'info' | 'warn' | 'error';

/**
 * Better Auth's logger: one record a line, without what could hold a credential. Errors of the database carry the
 * bound parameters, session tokens and password hashes among them, so of an error only its cleaned message is told.
 */
export function logAccounts(level: LogLevel, message: string, ...details: unknown[]): void {
  const record = { event: 'accounts', message: withoutParameters(message), details: details.map(describe) };
  if (level === 'error') console.error(record);
  else if (level === 'warn') console.warn(record);
  else console.log(record);
}

/** An error as text without bound parameters, its cause included. */
export function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return typeof thrown;
  const cause =
    thrown.cause instanceof Error
      ? ` (${thrown.cause.name}: ${withoutParameters(thrown.cause.message)})`
      : '';
  return `${thrown.name}: ${withoutParameters(thrown.message)}${cause}`;
}

/** drizzle-orm's DrizzleQueryError: `Failed query: <sql>\nparams: <values>`. */
function withoutParameters(message: string): string {
  const end = message.indexOf('\nparams:');
  return end === -1 ? message : message.slice(0, end);
}
