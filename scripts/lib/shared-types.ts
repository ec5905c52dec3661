import * as Y from 'yjs';

/** As Yjs types the entries of `share`. */
type AnyType = Y.Doc['share'] extends Map<string, infer Type> ? Type : never;

/**
 * The shared types of a document as JSON, by name. Updates do not contain the class of a root type, so it follows from
 * what it holds: entries make a map, characters a text, elements XML, everything else a list.
 */
export function readSharedTypes(doc: Y.Doc): Record<string, unknown> {
  // Asking for a type changes `share`.
  return Object.fromEntries([...doc.share].map(([name, type]) => [name, jsonOf(doc, name, type)]));
}

function jsonOf(doc: Y.Doc, name: string, type: AnyType): unknown {
  if (type._map.size > 0) return doc.getMap(name).toJSON();
  const kind = kindOf(type);
  if (kind === 'text') return doc.getText(name).toJSON();
  return (kind === 'xml' ? doc.getXmlFragment(name) : doc.getArray(name)).toJSON();
}

function kindOf(type: AnyType): 'text' | 'xml' | 'list' {
  for (let item = type._start; item !== null; item = item.right) {
    const { content } = item;
    if (content instanceof Y.ContentString || content instanceof Y.ContentFormat) return 'text';
    if (content instanceof Y.ContentType && content.type instanceof Y.XmlElement) return 'xml';
    // What was deleted says nothing.
    if (!item.deleted) return 'list';
  }
  return 'list';
}

/** The names of the roots in which a transaction changed something. */
export function changedRoots(transaction: Y.Transaction): string[] {
  const names = [...transaction.changed.keys()].map((type) => Y.findRootTypeKey(rootOf(type)));
  return [...new Set(names)].toSorted();
}

function rootOf(type: AnyType): AnyType {
  let root = type;
  // The parent is only a name, or nothing, while an item waits for others; none of these are in a transaction.
  while (root._item?.parent instanceof Y.AbstractType) root = root._item.parent;
  return root;
}
