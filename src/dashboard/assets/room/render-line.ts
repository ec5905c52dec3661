import { getDepth, type Line, type Run } from './read-text.ts';
import { toVisibleContent } from '../../ui/visible-text.ts';
import { renderContent } from './render-name.ts';

/** Elements for inline formats, by the names that editors use. */
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
/** y-prosemirror appends a hash to names of overlapping marks. */
const MARK_HASH = /--[\w+/=-]{8}$/;
/** Longer addresses and values are truncated. */
const MAX_NOTE_CHARACTERS = 80;
const MAX_HEADING_LEVEL = 6;
const LISTS: Readonly<Record<string, string>> = { checked: '☑ ', unchecked: '☐ ' };

/** Uses only text nodes and the elements above: content never becomes markup, a link or a style. */
export function renderLine(shown: Line): HTMLElement {
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
  const depth = getDepth(shown);
  if (depth > 0 && rest.delete('indent')) line.classList.add(`indent-${depth}`);
  const list = rest.get('list');
  if (typeof list === 'string' && rest.delete('list')) {
    line.classList.add('item');
    line.append(number === undefined ? (LISTS[list] ?? '• ') : `${number}. `);
  }
  line.append(...runs.flatMap(renderRun));
  // Inline formats are shown with their runs.
  for (const run of runs) for (const key of Object.keys(run.format)) rest.delete(key);
  const notes = [...rest].filter(([key]) => getElementName(key) === undefined).map(createFormatNote);
  if (runs.length === 0 && line.childNodes.length === 0) line.append('\u200B');
  line.append(...notes);
  return line;
}

function renderRun({ text, format }: Run): Node[] {
  let node: Node = document.createTextNode(text);
  const notes: Node[] = [];
  for (const [key, value] of Object.entries(format)) {
    const tag = getElementName(key);
    const address = getAddress(key, value);
    if (tag === undefined && address === null) {
      notes.push(createFormatNote([key, value]));
      continue;
    }
    const element = document.createElement(tag ?? 'span');
    if (address !== null) {
      element.className = 'linked';
      notes.push(createNote(address));
    }
    element.append(node);
    node = element;
  }
  return [node, ...notes];
}

function getElementName(key: string): string | undefined {
  const name = key.replace(MARK_HASH, '');
  return Object.hasOwn(ELEMENTS, name) ? ELEMENTS[name] : undefined;
}

/** A link's address, shown as text. */
function getAddress(key: string, value: unknown): string | null {
  if (key.replace(MARK_HASH, '') !== 'link') return null;
  if (typeof value === 'string') return value;
  const matchesETag = typeof value === 'object' && value !== null && 'href' in value;
  return matchesETag && typeof value.href === 'string' ? value.href : '';
}

const createFormatNote = ([key, value]: readonly [string, unknown]): Node =>
  createNote(value === true ? key : `${key}: ${typeof value === 'string' ? value : JSON.stringify(value)}`);

function createNote(text: string): Node {
  const element = document.createElement('bdi');
  element.className = 'format-note';
  const isCut = text.length > MAX_NOTE_CHARACTERS;
  renderContent(element, isCut ? `${text.slice(0, MAX_NOTE_CHARACTERS)}…` : text);
  if (isCut) element.title = toVisibleContent(text);
  return element;
}
