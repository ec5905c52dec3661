import { describe, expect, it } from 'vitest';
import { isNameTyped } from '../../../src/dashboard/room/name-typed.ts';
import { visibleText } from '../../../src/dashboard/visible-text.ts';

describe('a name', () => {
  it.each([
    ['zero width space', 'Notes\u200B', 'Notes[U+200B]'],
    ['soft hyphen', 'No\u00ADtes', 'No[U+00AD]tes'],
    ['byte order mark', '\uFEFFNotes', '[U+FEFF]Notes'],
    ['right-to-left override', 'abc\u202Efdp.exe', 'abc[U+202E]fdp.exe'],
    ['isolates', '\u2067a\u2069', '[U+2067]a[U+2069]'],
    ['spaces at the ends', ' Notes ', '[U+0020]Notes[U+0020]'],
    ['two spaces', 'a  b', 'a [U+0020]b'],
    ['a space alone', ' ', '[U+0020]'],
    ['no-break space', 'a\u00A0b', 'a[U+00A0]b'],
    ['ideographic space', 'a\u3000b', 'a[U+3000]b'],
    ['Hangul filler', '\u3164', '[U+3164]'],
    ['blank braille pattern', '\u2800', '[U+2800]'],
    ['variation selector', 'a\uFE0F', 'a[U+FE0F]'],
    ['tags', 'a\u{E0061}', 'a[U+E0061]'],
    ['private use', '\uE000', '[U+E000]'],
    ['accents composed in another way', 'Cafe\u0301', 'Cafe[U+0301]'],
    ['a joiner that joins nothing', '👩\u200D🚗', '👩[U+200D]🚗'],
    ['a non-joiner after a letter that never joins', '\u062F\u200C\u0645', '\u062F[U+200C]\u0645'],
  ])('shows what cannot be seen in it as code points: %s', (_, name, shown) => {
    expect(visibleText(name)).toBe(shown);
  });

  it.each([
    'Meeting notes 2026, v2',
    'Café',
    '日本語',
    '한글',
    'اسم الغرفة',
    'می\u200Cخواهم',
    'क्\u200Dष',
    '👩‍👩‍👧‍👦 ❤️ 1️⃣ 🇩🇪 👍🏽',
  ])('that can be seen whole stays as it is: %s', (name) => {
    expect(visibleText(name)).toBe(name);
  });

  it('of no length is shown as nothing', () => {
    expect(visibleText('')).toBe('');
  });
});

describe('a name with characters that cannot be seen', () => {
  it.each(['Notes\u200B', 'NotesU+200B', 'Notes[U+200B]', ' NotesU+200B '])(
    'is typed as it is, or as pages show it: %s',
    (typed) => {
      expect(isNameTyped(typed, 'Notes\u200B')).toBe(true);
    },
  );

  it.each(['Notes', '', 'U+200B', 'Notes\u200C', 'NotesU+200C'])('is not typed by %s', (typed) => {
    expect(isNameTyped(typed, 'Notes\u200B')).toBe(false);
  });

  it('is another one than the same name without them', () => {
    expect(isNameTyped('Notes\u200B', 'Notes')).toBe(false);
    expect(isNameTyped('NotesU+200B', 'Notes')).toBe(false);
  });

  it('can be typed where it is nothing else', () => {
    expect(isNameTyped('U+200B', '\u200B')).toBe(true);
    expect(isNameTyped('', '\u200B')).toBe(false);
  });
});
