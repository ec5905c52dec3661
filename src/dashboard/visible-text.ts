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
const SEEN_OR_UNSEEN = new RegExp(
  [
    `\\p{RGI_Emoji}`,
    `(?<=${JOINING}\\p{M}*)\u200C(?=\\p{M}*[[\\p{Script=Arabic}&&\\p{L}]--[ء]])`,
    `(?<=${VIRAMA})[\u200C\u200D]`,
    `(?<unseen>${UNSEEN}|${UNSEEN_SPACE})`,
    // A letter with its accents.
    `\\P{M}[\\p{M}--\\p{Default_Ignorable_Code_Point}]*`,
  ].join('|'),
  'gv',
);

/**
 * Divides a name, so that no two names look the same because of characters that cannot be seen, or because their accents are
 * composed in two ways (UAX 15). Letters of different scripts that look alike are left as they are.
 */
export function piecesOf(name: string): Piece[] {
  const pieces: Piece[] = [];
  let seen = '';
  let from = 0;
  const take = (code: string | null, text: string) => {
    if (code === null) seen += text;
    else {
      if (seen !== '') pieces.push({ text: seen, code: null });
      seen = '';
      pieces.push({ text, code });
    }
  };
  for (const { 0: text, index, groups } of name.matchAll(SEEN_OR_UNSEEN)) {
    take(null, name.slice(from, index));
    from = index + text.length;
    if (groups?.['unseen'] !== undefined) take(codeOf(text), text);
    else if (text.normalize('NFC') === text) take(null, text);
    else for (const one of text) take(isPlain(one) ? null : codeOf(one), one);
  }
  take(null, name.slice(from));
  return seen === '' ? pieces : [...pieces, { text: seen, code: null }];
}

const isPlain = (character: string): boolean =>
  /^\P{M}$/v.test(character.normalize('NFC')) && character.normalize('NFC') === character;

/** A name for where there is only text: `Notes[U+200B]`. */
export function visibleText(name: string): string {
  return piecesOf(name)
    .map(({ text, code }) => (code === null ? text : `[${code}]`))
    .join('');
}

function codeOf(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  return `U+${code.padStart(4, '0')}`;
}
