const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Of the mean letter, as a share of the font's size; letters of scripts beyond, and emoji, are about square. */
const LETTER_WIDTH = 0.62;
const WIDE_FROM = 0x1100;
const ELLIPSIS = '…';

/**
 * Shortens a text for where nothing else can (SVG): by an estimate, so what holds it must clip it all the same.
 * @param room for it in pixels
 * @param fontSize in pixels
 * @returns an empty text where not even three letters fit
 */
export function clipText(text: string, room: number, fontSize: number): string {
  const fits = room / (fontSize * LETTER_WIDTH);
  if (fits < 3) return '';
  let taken = 0;
  let kept = '';
  let keptShort = '';
  for (const { segment } of GRAPHEMES.segment(text)) {
    taken += (segment.codePointAt(0) ?? 0) >= WIDE_FROM ? 1 / LETTER_WIDTH : 1;
    if (taken > fits) return keptShort + ELLIPSIS;
    kept += segment;
    if (taken <= fits - 1) keptShort = kept;
  }
  return kept;
}
