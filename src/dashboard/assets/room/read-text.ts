import * as Y from 'yjs';
import { isText, liveItems, type Type } from './items.ts';

/** Characters that are formatted alike, or something else that stands in a text, in words. */
export interface Run {
  readonly text: string;
  readonly format: Readonly<Record<string, unknown>>;
}

/** A line with what formats all of it, as a heading or a list does (Quill keeps that at the line's end). */
export interface Line {
  readonly runs: readonly Run[];
  readonly format: Readonly<Record<string, unknown>>;
  /** Of an item of a numbered list. */
  readonly number?: number;
}

/** A text's beginning. `lines` is `null` where nothing is formatted. */
export interface ShownText {
  readonly plain: string;
  readonly lines: readonly Line[] | null;
}

/** Editors put texts into texts (Slate, Lexical); deeper ones are left out. */
const MAX_DEPTH = 20;
/** Quill's deepest. */
const MAX_INDENT = 8;

/** @param most how many characters to read */
export function readText(types: readonly Type[], most: number): ShownText {
  const runs: Run[] = [];
  for (const type of types) addRuns(runs, type, most, 0);
  const plain = runs.map(({ text }) => text).join('');
  const isFormatted = runs.some(({ format }) => Object.keys(format).length > 0);
  return { plain, lines: isFormatted ? numbered(linesOf(runs)) : null };
}

function addRuns(runs: Run[], type: Type, most: number, depth: number): void {
  const format: Record<string, unknown> = {};
  let left = most - runs.reduce((sum, { text }) => sum + text.length, 0);
  const add = (text: string) => {
    runs.push({ text: text.slice(0, left), format: { ...format } });
    left -= text.length;
  };
  for (const { content } of liveItems(type)) {
    if (left <= 0) return;
    if (content instanceof Y.ContentFormat) {
      if (content.value === null || content.value === false) delete format[content.key];
      else format[content.key] = content.value;
    } else if (content instanceof Y.ContentString) add(content.str);
    else if (content instanceof Y.ContentEmbed) add(`[${JSON.stringify(content.embed)}]`);
    else if (content instanceof Y.ContentType && isText(content.type) && depth < MAX_DEPTH) {
      if (runs.length > 0) add('\n');
      const before = runs.length;
      addRuns(runs, content.type, most, depth + 1);
      left -= runs.slice(before).reduce((sum, { text }) => sum + text.length, 0);
    } else if (content instanceof Y.ContentType) add('[…]');
  }
}

/** Divides runs at the ends of lines, and joins those of a line that are formatted alike. */
function linesOf(runs: readonly Run[]): Line[] {
  const lines: Line[] = [];
  let line: Run[] = [];
  for (const { text, format } of runs) {
    for (const [index, part] of text.split('\n').entries()) {
      if (index > 0) {
        lines.push({ runs: line, format });
        line = [];
      }
      const last = line.at(-1);
      if (part === '') continue;
      if (last !== undefined && JSON.stringify(last.format) === JSON.stringify(format)) {
        line[line.length - 1] = { text: last.text + part, format };
      } else line.push({ text: part, format });
    }
  }
  return line.length === 0 ? lines : [...lines, { runs: line, format: {} }];
}

/** Numbers the items of ordered lists. Quill keeps no numbers: they follow from the lines before, of which deeper ones end nothing. */
function numbered(lines: readonly Line[]): Line[] {
  let counts: number[] = [];
  return lines.map((line) => {
    const { list } = line.format;
    const depth = depthOf(line);
    if (list !== 'ordered') {
      counts = counts.slice(0, list === undefined ? 0 : depth);
      return line;
    }
    const number = (counts[depth] ?? 0) + 1;
    counts = [...Array.from({ length: depth }, (_, at) => counts[at] ?? 0), number];
    return { ...line, number };
  });
}

/** How deep in a list or from the margin a line stands, in steps. */
export function depthOf({ format }: Line): number {
  const steps = Number(format['indent'] ?? 0);
  return Number.isInteger(steps) ? Math.max(0, Math.min(MAX_INDENT, steps)) : 0;
}
