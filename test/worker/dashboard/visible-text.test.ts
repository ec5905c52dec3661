import { describe, expect, it } from 'vitest';
import { matchesName } from '../../../src/dashboard/room/match-name.ts';
import { toVisibleContent, toVisibleText } from '../../../src/dashboard/ui/visible-text.ts';

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
    expect(toVisibleText(name)).toBe(shown);
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
    expect(toVisibleText(name)).toBe(name);
  });

  it.each([
    ['Cyrillic а', 'pаypal', 'p[U+0430]ypal'],
    ['Cyrillic Н, о and е', 'Ноtеs', '[U+041D][U+043E]t[U+0435]s'],
    ['Cyrillic, most of the word', 'раураl', 'раура[U+006C]'],
    ['Latin a in a Cyrillic word', 'Заметкa', 'Заметк[U+0061]'],
    ['Greek Α', 'Αdmin', '[U+0391]dmin'],
    ['with an accent', 'а\u0301bc', '[U+0430][U+0301]bc'],
    ['in one word of several', 'Заметки по pаypal', 'Заметки по p[U+0430]ypal'],
    ['in an address', 'pаypal@example.com', 'p[U+0430]ypal@example.com'],
  ])('shows a letter that looks like one of the script of its word as a code point: %s', (_, name, shown) => {
    expect(toVisibleText(name)).toBe(shown);
  });

  it.each(['Заметки', 'Иван Ivan', 'SQLка', 'TNFα', 'NFκB', 'сосо', 'kΩ', 'λx', 'ΔT', '3D-модель', 'Ελλάδα'])(
    'with distinguishable scripts is not marked: %s',
    (name) => {
      expect(toVisibleText(name)).toBe(name);
    },
  );

  it('that is empty is shown as nothing', () => {
    expect(toVisibleText('')).toBe('');
  });
});

describe('content', () => {
  it('shows invisible characters as code points, and keeps spaces and letters', () => {
    expect(toVisibleContent('a\u202Eb\u0007\n')).toBe('a[U+202E]b[U+0007][U+000A]');
    expect(toVisibleContent(' a  b Cafe\u0301 pаypal ')).toBe(' a  b Cafe\u0301 pаypal ');
  });
});

describe('a name with invisible characters', () => {
  it.each(['Notes\u200B', 'NotesU+200B', 'Notes[U+200B]', ' NotesU+200B '])(
    'is typed as it is, or as pages show it: %s',
    (typed) => {
      expect(matchesName(typed, 'Notes\u200B')).toBe(true);
    },
  );

  it.each(['Notes', '', 'U+200B', 'Notes\u200C', 'NotesU+200C'])('does not match %s', (typed) => {
    expect(matchesName(typed, 'Notes\u200B')).toBe(false);
  });

  it('does not match the name without them', () => {
    expect(matchesName('Notes\u200B', 'Notes')).toBe(false);
    expect(matchesName('NotesU+200B', 'Notes')).toBe(false);
  });

  it('that has only invisible characters can be typed', () => {
    expect(matchesName('U+200B', '\u200B')).toBe(true);
    expect(matchesName('', '\u200B')).toBe(false);
  });
});
