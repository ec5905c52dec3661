const GRAPHEMES = new Intl.Segmenter('en', { granularity: 'grapheme' });
/** Mean width of a letter, as a share of the font size. From WIDE_FROM on (CJK, emoji) letters are square. */
const LETTER_WIDTH = 0.62;
const WIDE_FROM = 0x1100;
const ELLIPSIS = '…';

/**
 * Shortens a text for SVG, which cannot. It estimates the width, so the container must clip too.
 * @param width in pixels
 * @param fontSize in pixels
 * @returns '' if fewer than three letters fit
 */
export function clipText(text: string, width: number, fontSize: number): string {
  const capacity = width / (fontSize * LETTER_WIDTH);
  if (capacity < 3) return '';
  let used = 0;
  let kept = '';
  let keptWithEllipsis = '';
  for (const { segment } of GRAPHEMES.segment(text)) {
    used += (segment.codePointAt(0) ?? 0) >= WIDE_FROM ? 1 / LETTER_WIDTH : 1;
    if (used > capacity) return keptWithEllipsis + ELLIPSIS;
    kept += segment;
    if (used <= capacity - 1) keptWithEllipsis = kept;
  }
  return kept;
}
