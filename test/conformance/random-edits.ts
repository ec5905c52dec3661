import * as Y from 'yjs';
import { pickBelow, pickFrom } from '../../scripts/lib/random.ts';
import { getSharedTypes } from './content.ts';

/** No surrogate pairs: Yjs replicas do not converge after an edit within one. */
const WORDS = ['garden', 'river ', ' ☘', 'é', '\n', 'night train', 'x'];
const KEYS = ['title', 'owner', 'tags', 'done'];

/** One random change to any of the shared types. */
export function applyRandomEdit(doc: Y.Doc, random: () => number): void {
  pickFrom(EDITS, random)(doc, random);
}

/** A range of 1 to `maxLength` within `length`; empty if `length` is 0. */
function pickRange(length: number, maxLength: number, random: () => number): [start: number, length: number] {
  const start = pickBelow(length, random);
  return [start, Math.min(length - start, 1 + pickBelow(maxLength, random))];
}

const insertText = (doc: Y.Doc, random: () => number): void => {
  const { text } = getSharedTypes(doc);
  text.insert(pickBelow(text.length + 1, random), pickFrom(WORDS, random));
};
const deleteText = (doc: Y.Doc, random: () => number): void => {
  const { text } = getSharedTypes(doc);
  text.delete(...pickRange(text.length, 8, random));
};
const formatText = (doc: Y.Doc, random: () => number): void => {
  const { text } = getSharedTypes(doc);
  text.format(...pickRange(text.length, 8, random), { bold: random() < 0.5 ? true : null });
};
const setKey = (doc: Y.Doc, random: () => number): void => {
  const nested = new Y.Map<unknown>([['in', pickBelow(100, random)]]);
  getSharedTypes(doc).map.set(pickFrom(KEYS, random), random() < 0.5 ? pickBelow(100, random) : nested);
};
const deleteKey = (doc: Y.Doc, random: () => number): void => {
  getSharedTypes(doc).map.delete(pickFrom(KEYS, random));
};
const insertItems = (doc: Y.Doc, random: () => number): void => {
  const { list } = getSharedTypes(doc);
  list.insert(pickBelow(list.length + 1, random), [pickBelow(100, random), new Uint8Array([1, 2]), null]);
};
const deleteItems = (doc: Y.Doc, random: () => number): void => {
  const { list } = getSharedTypes(doc);
  list.delete(...pickRange(list.length, 3, random));
};
const changeXml = (doc: Y.Doc, random: () => number): void => {
  const { xml } = getSharedTypes(doc);
  if (xml.length > 0 && random() < 0.4) return xml.delete(...pickRange(xml.length, 1, random));
  const element = new Y.XmlElement('p');
  element.setAttribute('n', String(pickBelow(100, random)));
  xml.insert(pickBelow(xml.length + 1, random), [element]);
};

/** Text edits are more frequent than others. */
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
