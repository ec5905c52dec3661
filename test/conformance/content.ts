import * as Y from 'yjs';

/** The shared types that the laws edit. */
export const getSharedTypes = (doc: Y.Doc) => ({
  text: doc.getText('text'),
  map: doc.getMap('map'),
  list: doc.getArray('list'),
  xml: doc.getXmlFragment('xml'),
});

/** All visible content, for comparison. */
export function getContent(doc: Y.Doc): string {
  const { text, map, list, xml } = getSharedTypes(doc);
  const keys = [...map.keys()].toSorted();
  const values = keys.map((key) => [key, toPlain(map.get(key))]);
  return JSON.stringify([text.toDelta(), values, list.toJSON(), xml.toArray().map(String)]);
}

const toPlain = (value: unknown): unknown => (value instanceof Y.AbstractType ? value.toJSON() : value);

/** The same content, structs and deletions. */
export const isSame = (one: Y.Doc, other: Y.Doc): boolean =>
  getContent(one) === getContent(other) && Y.equalSnapshots(Y.snapshot(one), Y.snapshot(other));
