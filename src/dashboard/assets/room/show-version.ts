import * as Y from 'yjs';
import { formatBytes, formatCount, formatExactBytes } from '../../ui/format.ts';
import { type ContentNode, readDocument } from './read-content.ts';
import { TreeView } from './tree-view.ts';

interface State {
  readonly doc: Y.Doc;
  readonly byteLength: number;
}

const LOAD_ERRORS: Readonly<Record<number, string>> = {
  401: 'You have been signed out.',
  404: 'This version no longer exists.',
  410: 'The room has been deleted.',
};

class LoadError extends Error {}

/** Decodes a version in the browser, and compares its size with the current content. */
export async function showVersion(section: HTMLElement, onFirst: (doc: Y.Doc) => void): Promise<void> {
  const { versionContent = '', api = '' } = section.dataset;
  const place = section.querySelector('[data-tree]') ?? section;
  const waiting = section.querySelector<HTMLElement>('[data-waiting]');
  if (waiting !== null) waiting.hidden = false;
  try {
    const [version, current] = await Promise.all([readState(versionContent), readState(api)]);
    place.replaceChildren();
    new TreeView(place).update(readDocument(version.doc));
    place.classList.toggle('is-empty', version.doc.share.size === 0);
    showDifference(section, version, current);
    onFirst(version.doc);
  } catch (error) {
    const message = document.createElement('p');
    message.setAttribute('role', 'alert');
    message.textContent = error instanceof LoadError ? error.message : 'The version could not be loaded. ';
    place.replaceChildren(message);
    if (error instanceof LoadError) return;
    const retry = document.createElement('button');
    retry.type = 'button';
    retry.className = 'quiet';
    retry.textContent = 'Try again';
    retry.addEventListener('click', () => void showVersion(section, onFirst));
    message.append(retry);
  }
}

async function readState(url: string): Promise<State> {
  const response = await fetch(url, { cache: 'no-store' });
  if (!response.ok)
    throw new LoadError(
      LOAD_ERRORS[response.status] ?? `The server returned ${response.status}. Reload the page.`,
    );
  const update = new Uint8Array(await response.arrayBuffer());
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  return { doc, byteLength: update.byteLength };
}

function showDifference(section: HTMLElement, version: State, current: State): void {
  const place = section.querySelector<HTMLElement>('[data-difference]');
  if (place === null) return;
  const [then, now] = [countContent(version.doc), countContent(current.doc)];
  const table = document.createElement('table');
  table.className = 'difference';
  const caption = table.createCaption();
  caption.className = 'unseen';
  caption.textContent = 'This version and the current content';
  addRow(table.createTHead(), 'th', ['', 'This version', 'Now']);
  const body = table.createTBody();
  const sizes = [version, current].map(({ byteLength }) => byteLength);
  const [thenBytes, nowBytes] = addRow(body, 'td', ['As an update', ...sizes.map(formatBytes)]).slice(1);
  if (thenBytes !== undefined) thenBytes.title = formatExactBytes(version.byteLength);
  if (nowBytes !== undefined) nowBytes.title = formatExactBytes(current.byteLength);
  addRow(body, 'td', ['Characters of text', formatCount(then.characters), formatCount(now.characters)]);
  addRow(body, 'td', ['Elements and values', formatCount(then.values), formatCount(now.values)]);
  place.replaceChildren(table);
}

function addRow(
  section: HTMLTableSectionElement,
  tag: 'th' | 'td',
  [head = '', ...cells]: readonly string[],
): HTMLTableCellElement[] {
  const row = section.insertRow();
  return [head, ...cells].map((text, index) => {
    const cell = document.createElement(index === 0 && text === '' ? 'td' : index === 0 ? 'th' : tag);
    if (cell.tagName === 'TH') cell.scope = tag === 'th' ? 'col' : 'row';
    cell.textContent = text;
    row.append(cell);
    return cell;
  });
}

const VALUES: ReadonlySet<ContentNode['kind']> = new Set(['value', 'binary', 'document', 'element', 'block']);

function countContent(doc: Y.Doc): { characters: number; values: number } {
  let characters = 0;
  let values = 0;
  const visit = ({ kind, size, children }: ContentNode) => {
    if (kind === 'text' || kind === 'block') characters += size;
    if (VALUES.has(kind)) values += 1;
    for (const child of children(Infinity)) visit(child);
  };
  for (const root of readDocument(doc)) visit(root);
  return { characters, values };
}
