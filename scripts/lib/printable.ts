import { toVisibleContent, toVisibleText } from '../../src/dashboard/ui/visible-text.ts';

/** Controls of a terminal and of the direction of text, and ends of lines, but for the one that lays JSON out. */
const CONTROLS = /[[\p{Cc}\p{Bidi_Control}\u2028\u2029]--\n]/gv;

/** A terminal's colours and weights (ECMA-48, SGR). Grouped, so that `split` keeps them. */
// oxlint-disable-next-line no-control-regex -- a terminal's escapes begin with one
const COLOUR = /(\u001B\[[\d;]*m)/;

/** A name that a user or a client chose, for a terminal: what cannot be seen in it stands as its code point, as on pages. */
export const printable = (name: string): string => toVisibleText(name);

/** A message of several lines, which may quote such a name or a server. */
export const printableLines = (message: string): string => message.replaceAll(/[^\n\t]+/g, toVisibleContent);

/** A line of another program's, whose colours stay. */
export const printableLog = (line: string): string =>
  line
    .split(COLOUR)
    .map((part, index) => (index % 2 === 0 ? printableLines(part) : part))
    .join('');

/** The same value as JSON of which a terminal takes nothing for a command. */
export const printableJson = (value: unknown, indent?: number): string =>
  JSON.stringify(value, null, indent).replaceAll(
    CONTROLS,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
