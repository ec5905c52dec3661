/*
 * What of errors and requests may be logged: no token, no password, no e-mail address, no content. Every record is written through
 * these functions, because an error's text may quote what a client sent.
 */

/** drizzle-orm's DrizzleQueryError: `Failed query: <sql>\nparams: <values>`. Session tokens and password hashes are among them. */
const PARAMETERS = '\nparams:';

const SECRETS: readonly (readonly [RegExp, string])[] = [
  // Values of query parameters, in whole URLs and in relative ones.
  [/([?&][\w.%-]+=)[^\s&#"'<>)]+/g, '$1…'],
  // User and password of a URL.
  [/(\w:\/\/)[^\s/@]+@/g, '$1…@'],
  [/\beyJ[\w-]*\.[\w-]*(?:\.[\w-]*)?/g, '…'],
  [/\b(bearer[ .]+)[\w\-.~+/%]+=*/gi, '$1…'],
  [/[^\s@"'<>(),;:=?&/…]+@[^\s@"'<>(),;:=?&/]+\.[^\s@"'<>(),;:=?&/]+/g, '…@…'],
];

/** A segment of a path that is a word of ours. Others may be tokens, names or ids. */
const WORD = /^[a-z-]{1,24}$/;

/** A text without tokens, values of query parameters and e-mail addresses. */
export function redactSecrets(text: string): string {
  const end = text.indexOf(PARAMETERS);
  const kept = end === -1 ? text : text.slice(0, end);
  return SECRETS.reduce((rest, [pattern, shown]) => rest.replace(pattern, shown), kept);
}

/** An error as text, its cause included. */
export function describeError(thrown: unknown): string {
  if (!(thrown instanceof Error)) return redactSecrets(String(thrown));
  const cause = thrown.cause instanceof Error ? ` (${nameAndMessage(thrown.cause)})` : '';
  return `${nameAndMessage(thrown)}${cause}`;
}

/** Where an error was thrown: its stack without its message. */
export function getStack(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  return thrown.stack
    ?.split('\n')
    .filter((line) => line.startsWith('    at '))
    .join('\n');
}

/** The path of a request, of which only words are kept. */
export function describePath(path: string): string {
  return path
    .split('/')
    .map((segment) => (segment === '' || WORD.test(segment) ? segment : '…'))
    .join('/');
}

function nameAndMessage({ name, message }: Error): string {
  // V8 quotes what it could not parse.
  return name === 'SyntaxError' ? name : `${name}: ${redactSecrets(message)}`;
}
