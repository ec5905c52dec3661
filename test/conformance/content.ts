import * as Y from 'yjs';

/** The shared types that the laws write into. */
export const shared = (doc: Y.Doc) => ({
  text: doc.getText('text'),
  map: doc.getMap('map'),
  list: doc.getArray('list'),
  xml: doc.getXmlFragment('xml'),
});

/** Everything a user of the document could see, for comparison. */
export function contentOf(doc: Y.Doc): string {
  const { text, map, list, xml } = shared(doc);
  const keys = [...map.keys()].toSorted();
  const values = keys.map((key) => [key, plain(map.get(key))]);
  return JSON.stringify([text.toDelta(), values, list.toJSON(), xml.toArray().map(String)]);
}

const plain = (value: unknown): unknown => (value instanceof Y.AbstractType ? value.toJSON() : value);

/** Whether two replicas have the same content, the same edits and the same deletions. */
export const same = (one: Y.Doc, other: Y.Doc): boolean =>
  contentOf(one) === contentOf(other) && Y.equalSnapshots(Y.snapshot(one), Y.snapshot(other));
