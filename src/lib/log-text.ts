/*
 * Removes tokens, passwords, e-mail addresses and content from log records. Every record goes through these functions, because an
 * error message may quote what a client sent.
 */

/** In drizzle-orm's DrizzleQueryError before the values, which may be session tokens or password hashes. */
const PARAMETERS = '\nparams:';

const SECRETS: readonly (readonly [RegExp, string])[] = [
  // Values of query parameters, in absolute and relative URLs.
  [/([?&][\w.%-]+=)[^\s&#"'<>)]+/g, '$1…'],
  // User and password of a URL.
  [/(\w:\/\/)[^\s/@]+@/g, '$1…@'],
  [/\beyJ[\w-]*\.[\w-]*(?:\.[\w-]*)?/g, '…'],
  [/\b(bearer[ .]+)[\w\-.~+/%]+=*/gi, '$1…'],
  [/[^\s@"'<>(),;:=?&/…]+@[^\s@"'<>(),;:=?&/]+\.[^\s@"'<>(),;:=?&/]+/g, '…@…'],
];

/** A path segment of a route. Others may be tokens, names or ids. */
const WORD = /^[a-z-]{1,24}$/;

/** Removes tokens, values of query parameters and e-mail addresses from a text. */
export function redactSecrets(text: string): string {
  const end = text.indexOf(PARAMETERS);
  const kept = end === -1 ? text : text.slice(0, end);
  return SECRETS.reduce((rest, [pattern, shown]) => rest.replace(pattern, shown), kept);
}

/** An error and its cause as text. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return redactSecrets(String(thrown));
  const cause = thrown.cause instanceof Error ? ` (${nameAndMessage(thrown.cause)})` : '';
  return `${nameAndMessage(thrown)}${cause}`;
}

/** The stack of an error, without the message. */
export function getStack(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  return thrown.stack
    ?.split('\n')
    .filter((line) => line.startsWith('    at '))
    .join('\n');
}

/** The path of a request, with `…` in place of tokens, names and ids. */
export function describePath(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment === '' || WORD.test(segment) ? segment : '…'))
    .join('/');
}

function nameAndMessage({ name, message }: Error): string {
  // V8 quotes the text that it cannot parse.
  return name === 'SyntaxError' ? name : `${name}: ${redactSecrets(message)}`;
}
