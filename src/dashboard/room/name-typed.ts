/**
 * Whether somebody has typed this name: as it stands, or as a keyboard makes it. The same letters may be composed in
 * another way (Unicode Standard Annex 15), and no one sees blanks at the ends.
 */
export function isNameTyped(typed: string, name: string): boolean {
  if (typed === name) return true;
  const plain = typed.normalize('NFC').trim();
  return plain !== '' && plain === name.normalize('NFC').trim();
}
