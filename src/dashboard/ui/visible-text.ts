import { findLookalikes } from './lookalikes.ts';

/** Visible characters of a text, or one invisible character, which is shown as its code point. */
export interface Piece {
  readonly text: string;
  /** `U+200B`; `null` for visible text. */
  readonly code: string | null;
}

/** Arabic letters that join to the next letter: ZWNJ after them is visible (UAX 31, rule A1). */
const JOINING = '[[\\p{Script=Arabic}&&\\p{L}]--[ءآأؤإاةدذرزژڈڑو]]';
/** Signs that form Indic conjuncts: ZWJ and ZWNJ after them are visible (UAX 31, rules A2 and B). */
const VIRAMA = '[\u094D\u09CD\u0A4D\u0ACD\u0B4D\u0BCD\u0C4D\u0CCD\u0D4D\u0DCA]';

/** Visible characters of the category Cf: marks of numbers and verses. */
const VISIBLE_FORMATS = '\u0600-\u0605\u06DD\u070F\u0890\u0891\u08E2\u{110BD}\u{110CD}';
/** Control, format, private and unassigned characters, variation selectors, fillers, and blanks other than the space. */
const INVISIBLE = `[[\\p{C}\\p{Default_Ignorable_Code_Point}\\p{Z}\u2800]--[ ${VISIBLE_FORMATS}]]`;
/** Spaces that HTML collapses: at an end, or after a space. */
const COLLAPSED_SPACE = '^ | $|(?<= ) ';

/** Emoji and visible joiners come first, so that they are not marked. */
const createPattern = (invisible: string) =>
  new RegExp(
    [
      `\\p{RGI_Emoji}`,
      `(?<=${JOINING}\\p{M}*)\u200C(?=\\p{M}*[[\\p{Script=Arabic}&&\\p{L}]--[ء]])`,
      `(?<=${VIRAMA})[\u200C\u200D]`,
      `(?<invisible>${invisible})`,
      // A letter with its combining marks.
      `\\P{M}[\\p{M}--\\p{Default_Ignorable_Code_Point}]*`,
    ].join('|'),
    'gv',
  );
const IN_NAME = createPattern(`${INVISIBLE}|${COLLAPSED_SPACE}`);
const IN_CONTENT = createPattern(INVISIBLE);

/**
 * Marks what makes different names look the same: invisible characters, decomposed accents (UAX 15), and letters of another
 * script in a word (lookalikes.ts).
 */
export function splitName(name: string): Piece[] {
  const lookalikes = findLookalikes(name);
  return splitText(name, IN_NAME, (character, at) => {
    if (!lookalikes.has(at) && character.normalize('NFC') === character)
      return [{ text: character, code: null }];
    return Array.from(character, (text, index) => {
      const isMarked = (index === 0 && lookalikes.has(at)) || !isComposed(text);
      return { text, code: isMarked ? formatCodePoint(text) : null };
    });
  });
}

/** For text that is not a name: marks only invisible characters, and no spaces. */
export const splitContent = (text: string): Piece[] =>
  splitText(text, IN_CONTENT, (character) => [{ text: character, code: null }]);

/** @param splitVisible splits a letter with its combining marks */
function splitText(
  text: string,
  pattern: RegExp,
  splitVisible: (character: string, at: number) => Piece[],
): Piece[] {
  const pieces: Piece[] = [];
  let visible = '';
  const append = ({ text, code }: Piece) => {
    if (code === null) visible += text;
    else {
      if (visible !== '') pieces.push({ text: visible, code: null });
      visible = '';
      pieces.push({ text, code });
    }
  };
  let from = 0;
  for (const { 0: matched, index, groups } of text.matchAll(pattern)) {
    append({ text: text.slice(from, index), code: null });
    from = index + matched.length;
    if (groups?.['invisible'] !== undefined) append({ text: matched, code: formatCodePoint(matched) });
    else for (const piece of splitVisible(matched, index)) append(piece);
  }
  append({ text: text.slice(from), code: null });
  return visible === '' ? pieces : [...pieces, { text: visible, code: null }];
}

const isComposed = (character: string): boolean =>
  /^\P{M}$/v.test(character.normalize('NFC')) && character.normalize('NFC') === character;

/** `Notes[U+200B]` */
export const toVisibleText = (name: string): string => joinPieces(splitName(name));

export const toVisibleContent = (text: string): string => joinPieces(splitContent(text));

const joinPieces = (pieces: readonly Piece[]): string =>
  pieces.map(({ text, code }) => (code === null ? text : `[${code}]`)).join('');

function formatCodePoint(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `U+${code.padStart(4, '0')}`;
}
