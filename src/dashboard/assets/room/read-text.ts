import * as Y from 'yjs';
import { isText, getLiveItems, type Type } from './items.ts';

/** Characters with the same format, or an embed as text. */
export interface Run {
  readonly text: string;
  readonly format: Readonly<Record<string, unknown>>;
}

/** A line with its block format, such as a heading or a list (Quill stores it at the line break). */
export interface Line {
  readonly runs: readonly Run[];
  readonly format: Readonly<Record<string, unknown>>;
  /** For an item of a numbered list. */
  readonly number?: number;
}

/** `lines` is `null` if nothing is formatted. */
export interface ShownText {
  readonly plain: string;
  readonly lines: readonly Line[] | null;
}

/** For nested texts (Slate, Lexical); deeper ones are omitted. */
const MAX_DEPTH = 20;
/** As in Quill. */
const MAX_INDENT = 8;

export function readText(types: readonly Type[], maxLength: number): ShownText {
  const runs: Run[] = [];
  for (const type of types) addRuns(runs, type, maxLength, 0);
  const plain = runs.map(({ text }) => text).join('');
  const isFormatted = runs.some(({ format }) => Object.keys(format).length > 0);
  return { plain, lines: isFormatted ? numberLines(splitLines(runs)) : null };
}

function addRuns(runs: Run[], type: Type, maxLength: number, depth: number): void {
  const format: Record<string, unknown> = {};
  let left = maxLength - runs.reduce((sum, { text }) => sum + text.length, 0);
  const add = (text: string) => {
    runs.push({ text: text.slice(0, left), format: { ...format } });
    left -= text.length;
  };
  for (const { content } of getLiveItems(type)) {
    if (left <= 0) return;
    if (content instanceof Y.ContentFormat) {
      if (content.value === null || content.value === false) delete format[content.key];
      else format[content.key] = content.value;
    } else if (content instanceof Y.ContentString) add(content.str);
    else if (content instanceof Y.ContentEmbed) add(`[${JSON.stringify(content.embed)}]`);
    else if (content instanceof Y.ContentType && isText(content.type) && depth < MAX_DEPTH) {
      if (runs.length > 0) add('\n');
      const before = runs.length;
      addRuns(runs, content.type, maxLength, depth + 1);
      left -= runs.slice(before).reduce((sum, { text }) => sum + text.length, 0);
    } else if (content instanceof Y.ContentType) add('[…]');
  }
}

/** Splits runs at line breaks and merges adjacent runs with the same format. */
function splitLines(runs: readonly Run[]): Line[] {
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

/** Quill does not store numbers of list items. Deeper items do not interrupt a list. */
function numberLines(lines: readonly Line[]): Line[] {
  let counts: number[] = [];
  return lines.map((line) => {
    const { list } = line.format;
    const depth = getDepth(line);
    if (list !== 'ordered') {
      counts = counts.slice(0, list === undefined ? 0 : depth);
      return line;
    }
    const number = (counts[depth] ?? 0) + 1;
    counts = [...Array.from({ length: depth }, (_, at) => counts[at] ?? 0), number];
    return { ...line, number };
  });
}

/** Indentation level. */
export function getDepth({ format }: Line): number {
  const steps = Number(format['indent'] ?? 0);
  return Number.isInteger(steps) ? Math.max(0, Math.min(MAX_INDENT, steps)) : 0;
}
