import * as Y from 'yjs';

/** A random edit of any shared type, nested ones included. The numbers decide what, where and how much. */
export type Choice = readonly [what: number, where: number, detail: number];

export function edit(doc: Y.Doc, [what, where, detail]: Choice): void {
  const types = [...allTypes(doc)];
  const type = types[where % types.length];
  if (type instanceof Y.Text) editText(type, what, detail);
  else if (type instanceof Y.Map) editMap(type, what, detail);
  else if (type instanceof Y.Array) editList(type, what, detail);
  else if (type instanceof Y.XmlElement) editElement(type, what, detail);
  else if (type instanceof Y.XmlFragment) editChildren(type, what, detail);
}

/** All visible content of a document. */
export function getVisibleContent(doc: Y.Doc): unknown {
  return [
    doc.getText('text').toDelta(),
    toPlain(doc.getMap('map')),
    toPlain(doc.getArray('list')),
    toPlain(doc.getXmlFragment('xml')),
  ];
}

export function createDoc(...updates: readonly Uint8Array[]): Y.Doc {
  const doc = new Y.Doc({ gc: false });
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}

const byKey = ([a]: [string, unknown], [b]: [string, unknown]): number => (a < b ? -1 : 1);

function toPlain(value: unknown): unknown {
  if (value instanceof Y.Text) return value.toDelta();
  if (value instanceof Y.Map) {
    const entries = [...value.entries()].map(([key, item]): [string, unknown] => [key, toPlain(item)]);
    return Object.fromEntries(entries.toSorted(byKey));
  }
  if (value instanceof Y.Array) return value.toArray().map(toPlain);
  if (value instanceof Y.XmlElement) {
    const attributes = Object.entries(value.getAttributes()).toSorted(byKey);
    return [value.nodeName, attributes, value.toArray().map(toPlain)];
  }
  if (value instanceof Y.Doc) return `document ${value.guid}`;
  if (value instanceof Y.XmlFragment) return value.toArray().map(toPlain);
  return value;
}

function* allTypes(doc: Y.Doc): Generator {
  const roots = [doc.getText('text'), doc.getMap('map'), doc.getArray('list'), doc.getXmlFragment('xml')];
  for (const root of roots) yield* withNested(root);
}

function* withNested(type: unknown): Generator {
  if (!(type instanceof Y.AbstractType)) return;
  yield type;
  if (type instanceof Y.Map) for (const value of type.values()) yield* withNested(value);
  if (type instanceof Y.Array || type instanceof Y.XmlFragment) {
    for (const value of type.toArray()) yield* withNested(value);
  }
}

function editText(text: Y.Text, what: number, detail: number): void {
  const at = detail % (text.length + 1);
  const length = Math.min(1 + (detail % 4), text.length - at);
  if (what % 5 === 0 && length > 0) text.delete(at, length);
  else if (what % 5 === 1 && length > 0) text.format(at, length, { bold: detail % 3 === 0 ? null : true });
  else if (what % 5 === 2) text.insertEmbed(at, { image: detail });
  else if (what % 5 === 3) text.insert(at, 'BOLD', { bold: true, size: detail % 3 });
  else text.insert(at, 'some words ☘'.slice(detail % 9));
}

function editMap(map: Y.Map<unknown>, what: number, detail: number): void {
  const key = `key ${detail % 3}`;
  if (what % 4 === 0) map.delete(key);
  else map.set(key, what % 4 === 1 ? createNested(detail) : detail);
}

function editList(list: Y.Array<unknown>, what: number, detail: number): void {
  const at = detail % (list.length + 1);
  const length = Math.min(1 + (detail % 3), list.length - at);
  if (what % 3 === 0 && length > 0) list.delete(at, length);
  else
    list.insert(at, what % 3 === 1 ? [createNested(detail)] : [detail, new Uint8Array([detail % 256]), null]);
}

function editElement(element: Y.XmlElement, what: number, detail: number): void {
  if (what % 4 === 0) element.setAttribute(`a${detail % 2}`, String(detail));
  else if (what % 4 === 1) element.removeAttribute(`a${detail % 2}`);
  else editChildren(element, what, detail);
}

function editChildren(parent: Y.XmlFragment, what: number, detail: number): void {
  const at = detail % (parent.length + 1);
  if (what % 3 === 0 && at < parent.length) parent.delete(at, 1);
  else parent.insert(at, [what % 3 === 1 ? new Y.XmlText('words') : new Y.XmlElement('p')]);
}

function createNested(detail: number): unknown {
  return [new Y.Text('nested'), new Y.Map([['in', detail]]), Y.Array.from([detail]), new Y.XmlElement('div')][
    detail % 4
  ];
}
