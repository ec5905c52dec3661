import { lookalikesIn } from './lookalikes.ts';

/** A piece of a name: characters that can be seen as they are, or one that cannot and is shown as its code point. */
export interface Piece {
  readonly text: string;
  /** `U+200B`; `null` for what can be seen. */
  readonly code: string | null;
}

/** Letters of the Arabic script that join to the next letter: ZWNJ after them can be seen (UAX 31, rule A1). */
const JOINING = '[[\\p{Script=Arabic}&&\\p{L}]--[ءآأؤإاةدذرزژڈڑو]]';
/** Signs that make a conjunct of Indic letters: ZWJ and ZWNJ after them can be seen (UAX 31, rules A2 and B). */
const VIRAMA = '[\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D4D\u0DCA]';

/** Marks of numbers and verses that are format characters by their category and can be seen. */
const SEEN_FORMATS = '\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}';
/** Control, format, private and unassigned characters; variation selectors and fillers; every blank but the space. */
const UNSEEN = `[[\\p{C}\\p{Default_Ignorable_Code_Point}\\p{Z}\u2800]--[ ${SEEN_FORMATS}]]`;
/** A space at an end, and one after another, which HTML leaves out. */
const UNSEEN_SPACE = '^ | $|(?<= ) ';

/** An emoji and a letter's joiner come first, and so stay as they are. */
const patternOf = (unseen: string) =>
  new RegExp(
    [
      `\\p{RGI_Emoji}`,
      `(?<=${JOINING}\\p{M}*)\u200C(?=\\p{M}*[[\\p{Script=Arabic}&&\\p{L}]--[ء]])`,
      `(?<=${VIRAMA})[\u200C\u200D]`,
      `(?<unseen>${unseen})`,
      // A letter with its accents.
      `\\P{M}[\\p{M}--\\p{Default_Ignorable_Code_Point}]*`,
    ].join('|'),
    'gv',
  );
const IN_NAME = patternOf(`${UNSEEN}|${UNSEEN_SPACE}`);
const IN_CONTENT = patternOf(UNSEEN);

/**
 * Divides a name, so that no two names look the same because of characters that cannot be seen, because their accents are
 * composed in two ways (UAX 15), or because a word has letters of another script (lookalikes.ts).
 */
export function piecesOf(name: string): Piece[] {
  const lookalikes = lookalikesIn(name);
  return divide(name, IN_NAME, (character, at) => {
    if (!lookalikes.has(at) && character.normalize('NFC') === character)
      return [{ text: character, code: null }];
    return Array.from(character, (text, index) => {
      const isMarked = (index === 0 && lookalikes.has(at)) || !isPlain(text);
      return { text, code: isMarked ? codeOf(text) : null };
    });
  });
}

/** Divides what is not a name, such as a value or a message: only what cannot be seen is marked, and no space. */
export const contentPiecesOf = (text: string): Piece[] =>
  divide(text, IN_CONTENT, (character) => [{ text: character, code: null }]);

/** @param divideSeen divides a letter with its accents, which stands at a place of the text */
function divide(
  text: string,
  pattern: RegExp,
  divideSeen: (character: string, at: number) => Piece[],
): Piece[] {
  const pieces: Piece[] = [];
  let seen = '';
  const take = ({ text, code }: Piece) => {
    if (code === null) seen += text;
    else {
      if (seen !== '') pieces.push({ text: seen, code: null });
      seen = '';
      pieces.push({ text, code });
    }
  };
  let from = 0;
  for (const { 0: matched, index, groups } of text.matchAll(pattern)) {
    take({ text: text.slice(from, index), code: null });
    from = index + matched.length;
    if (groups?.['unseen'] !== undefined) take({ text: matched, code: codeOf(matched) });
    else for (const piece of divideSeen(matched, index)) take(piece);
  }
  take({ text: text.slice(from), code: null });
  return seen === '' ? pieces : [...pieces, { text: seen, code: null }];
}

const isPlain = (character: string): boolean =>
  /^\P{M}$/v.test(character.normalize('NFC')) && character.normalize('NFC') === character;

/** A name for where there is only text: `Notes[U+200B]`. */
export const visibleText = (name: string): string => joined(piecesOf(name));

/** The same of what is not a name. */
export const visibleContent = (text: string): string => joined(contentPiecesOf(text));

const joined = (pieces: readonly Piece[]): string =>
  pieces.map(({ text, code }) => (code === null ? text : `[${code}]`)).join('');

function codeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `U+${code.padStart(4, '0')}`;
}
