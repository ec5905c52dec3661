import * as Y from 'yjs';
import { shared } from './content.ts';

/** No surrogate pairs: an edit in the middle of one reads differently on two replicas of Yjs, whatever the server does. */
const WORDS = ['garden', 'river ', ' ☘', 'é', '\n', 'night train', 'x'];
const KEYS = ['title', 'owner', 'tags', 'done'];

/** One random change to any of the document's shared types. */
export function editAtRandom(doc: Y.Doc, random: () => number): void {
  const edit = EDITS[below(EDITS.length, random)];
  edit?.(doc, random);
}

/** A whole number from 0 to `limit` - 1. */
export const below = (limit: number, random: () => number): number => Math.floor(random() * limit);
const pick = (words: readonly string[], random: () => number): string =>
  words[below(words.length, random)] ?? '';

/** A range of at most `most` in something this long; its length is at least 1 where there is anything. */
function rangeOf(length: number, most: number, random: () => number): [start: number, length: number] {
  const start = below(length, random);
  return [start, Math.min(length - start, 1 + below(most, random))];
}

const insertText = (doc: Y.Doc, random: () => number): void => {
  const { text } = shared(doc);
  text.insert(below(text.length + 1, random), pick(WORDS, random));
};
const deleteText = (doc: Y.Doc, random: () => number): void => {
  const { text } = shared(doc);
  text.delete(...rangeOf(text.length, 8, random));
};
const formatText = (doc: Y.Doc, random: () => number): void => {
  const { text } = shared(doc);
  text.format(...rangeOf(text.length, 8, random), { bold: random() < 0.5 ? true : null });
};
const setKey = (doc: Y.Doc, random: () => number): void => {
  const nested = new Y.Map<unknown>([['in', below(100, random)]]);
  shared(doc).map.set(pick(KEYS, random), random() < 0.5 ? below(100, random) : nested);
};
const deleteKey = (doc: Y.Doc, random: () => number): void => {
  shared(doc).map.delete(pick(KEYS, random));
};
const insertItems = (doc: Y.Doc, random: () => number): void => {
  const { list } = shared(doc);
  list.insert(below(list.length + 1, random), [below(100, random), new Uint8Array([1, 2]), null]);
};
const deleteItems = (doc: Y.Doc, random: () => number): void => {
  const { list } = shared(doc);
  list.delete(...rangeOf(list.length, 3, random));
};
const changeXml = (doc: Y.Doc, random: () => number): void => {
  const { xml } = shared(doc);
  if (xml.length > 0 && random() < 0.4) return xml.delete(...rangeOf(xml.length, 1, random));
  const element = new Y.XmlElement('p');
  element.setAttribute('n', String(below(100, random)));
  xml.insert(below(xml.length + 1, random), [element]);
};

/** Text is inserted and deleted more often than the rest is changed. */
const EDITS = [
  insertText,
  insertText,
  insertText,
  deleteText,
  deleteText,
  formatText,
  setKey,
  deleteKey,
  insertItems,
  deleteItems,
  changeXml,
];
