import { piecesOf, visibleText } from '../ui/visible-text.ts';

/**
 * Whether this name was typed: as it stands, as a keyboard makes it, or as pages show it, with the code points of what cannot
 * be seen. The same letters may be composed in another way (UAX 15), and blanks at the ends may be left out.
 */
export function isNameTyped(typed: string, name: string): boolean {
  if (typed === name) return true;
  const plain = plainly(typed);
  if (plain === '') return false;
  const shown = piecesOf(name).map(({ text, code }) => code ?? text);
  return [name, shown.join(''), visibleText(name)].some((accepted) => plain === plainly(accepted));
}

/** Whether a name has something in it that pages show as a code point. */
export const hasCodePoints = (name: string): boolean => piecesOf(name).some(({ code }) => code !== null);

const plainly = (text: string): string => text.normalize('NFC').trim();
