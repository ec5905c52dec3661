import { depthOf, type Line, type Run } from './read-text.ts';
import { visibleContent } from '../../ui/visible-text.ts';
import { writeContent } from './write-name.ts';

/** Elements for formats of characters, by the names that editors give them. */
const ELEMENTS: Readonly<Record<string, string>> = {
  bold: 'strong',
  strong: 'strong',
  b: 'strong',
  italic: 'em',
  em: 'em',
  i: 'em',
  underline: 'u',
  u: 'u',
  strike: 's',
  strikethrough: 's',
  s: 's',
  code: 'code',
  highlight: 'mark',
  mark: 'mark',
  subscript: 'sub',
  superscript: 'sup',
};
/** y-prosemirror adds a hash to the names of marks that may overlap. */
const MARK_HASH = /--[\w+/=-]{8}$/;
/** Of an address or a value in words. */
const MAX_NOTE_CHARACTERS = 80;
const MAX_HEADING_LEVEL = 6;
const LISTS: Readonly<Record<string, string>> = { checked: '☑ ', unchecked: '☐ ' };

/**
 * A line of a formatted text. All of it is text nodes in elements that are named here: nothing of the document becomes markup,
 * a link or a style.
 */
export function writeLine(shown: Line): HTMLElement {
  const { runs, format, number } = shown;
  const line = document.createElement('div');
  line.className = 'line';
  line.dir = 'auto';
  const rest = new Map(Object.entries(format));
  const level = Number(rest.get('header'));
  if (Number.isInteger(level) && level >= 1 && level <= MAX_HEADING_LEVEL) {
    line.classList.add('heading-line', `level-${level}`);
    rest.delete('header');
  }
  for (const block of ['blockquote', 'code-block'] as const) {
    if (rest.delete(block)) line.classList.add(block);
  }
  const depth = depthOf(shown);
  if (depth > 0 && rest.delete('indent')) line.classList.add(`indent-${depth}`);
  const list = rest.get('list');
  if (typeof list === 'string' && rest.delete('list')) {
    line.classList.add('item');
    line.append(number === undefined ? (LISTS[list] ?? '• ') : `${number}. `);
  }
  line.append(...runs.flatMap(writeRun));
  // What formats characters is said with them.
  for (const run of runs) for (const key of Object.keys(run.format)) rest.delete(key);
  const notes = [...rest].filter(([key]) => elementOf(key) === undefined).map(noteOf);
  if (runs.length === 0 && line.childNodes.length === 0) line.append('\u200B');
  line.append(...notes);
  return line;
}

function writeRun({ text, format }: Run): Node[] {
  let node: Node = document.createTextNode(text);
  const notes: Node[] = [];
  for (const [key, value] of Object.entries(format)) {
    const tag = elementOf(key);
    const address = addressOf(key, value);
    if (tag === undefined && address === null) {
      notes.push(noteOf([key, value]));
      continue;
    }
    const element = document.createElement(tag ?? 'span');
    if (address !== null) {
      element.className = 'linked';
      notes.push(note(address));
    }
    element.append(node);
    node = element;
  }
  return [node, ...notes];
}

function elementOf(key: string): string | undefined {
  const name = key.replace(MARK_HASH, '');
  return Object.hasOwn(ELEMENTS, name) ? ELEMENTS[name] : undefined;
}

/** Where a link leads, as text: it is not followed from here. */
function addressOf(key: string, value: unknown): string | null {
  if (key.replace(MARK_HASH, '') !== 'link') return null;
  if (typeof value === 'string') return value;
  const matchesETag = typeof value === 'object' && value !== null && 'href' in value;
  return matchesETag && typeof value.href === 'string' ? value.href : '';
}

const noteOf = ([key, value]: readonly [string, unknown]): Node =>
  note(value === true ? key : `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);

function note(text: string): Node {
  const element = document.createElement('bdi');
  element.className = 'format-note';
  const isCut = text.length > MAX_NOTE_CHARACTERS;
  writeContent(element, isCut ? `${text.slice(0, MAX_NOTE_CHARACTERS)}…` : text);
  if (isCut) element.title = visibleContent(text);
  return element;
}
