import * as Y from 'yjs';

/** What there is to show of something in a document. Its children are read when they are asked for. */
export interface ContentNode {
  /** Tells it from its siblings, also after edits beside it. */
  readonly key: string;
  /** Under which name it stands; `null` in a list. */
  readonly label: string | null;
  readonly kind: 'text' | 'map' | 'list' | 'xml' | 'element' | 'value' | 'binary' | 'document' | 'empty';
  /** Of a text, its characters; of what holds others, how many; of bytes, their number. */
  readonly size: number;
  /** What it says, at most so many characters of it. */
  readonly say: (most: number) => string;
  /** The first so many of what it holds; nothing for what holds nothing. */
  readonly children: (most: number) => readonly ContentNode[];
}

/** Any shared type, also one of the top level that nobody has defined. */
export type Type = NonNullable<ReturnType<Y.Doc['share']['get']>>;
type Kind = ContentNode['kind'];
type TypeKind = Exclude<Kind, 'value' | 'binary' | 'document'>;

const NONE: readonly ContentNode[] = [];

/** The top-level types of a document, by name. Reading defines none of them, and changes nothing. */
export function readDocument(doc: Y.Doc): ContentNode[] {
  return [...doc.share]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, type]) => nodeOfType(type, name, name));
}

/** The items of a type that are not deleted, in their order. */
export function* liveItems(type: Type): Generator<Y.Item> {
  for (let item = type._start; item !== null; item = item.right) if (!item.deleted) yield item;
}

/** The entries of a type that are not deleted. */
export function* liveEntries(type: Type): Generator<[string, unknown]> {
  for (const [key, item] of type._map) {
    if (!item.deleted) yield [key, item.content.getContent()[item.length - 1]];
  }
}

/**
 * What a type is. Nobody here has said what a top-level type is meant to be, and updates do not say it either; only what
 * is in it tells: characters and formats are in texts alone, elements in XML, keys in maps.
 */
export function kindOf(type: Type): TypeKind {
  if (type instanceof Y.Text) return 'text';
  if (type instanceof Y.Map) return 'map';
  if (type instanceof Y.Array) return 'list';
  if (type instanceof Y.XmlElement) return 'element';
  if (type instanceof Y.XmlFragment) return 'xml';
  for (const { content } of liveItems(type)) {
    if (content instanceof Y.ContentString || content instanceof Y.ContentFormat) return 'text';
    if (content instanceof Y.ContentEmbed) return 'text';
    const isXml =
      content instanceof Y.ContentType &&
      (content.type instanceof Y.XmlFragment ||
        content.type instanceof Y.XmlText ||
        content.type instanceof Y.XmlHook);
    return isXml ? 'xml' : 'list';
  }
  for (const _ of liveEntries(type)) return 'map';
  return 'empty';
}

function nodeOfType(type: Type, key: string, label: string | null): ContentNode {
  const kind = kindOf(type);
  return { key, label, kind, size: type._length, say: () => '', children: () => NONE, ...READ[kind](type) };
}

const READ: Readonly<Record<TypeKind, (type: Type) => Partial<ContentNode>>> = {
  text: (type) => ({ say: (most) => textOf(type, most) }),
  map: (type) => ({ size: count(liveEntries(type)), children: (most) => entriesOf(type, most) }),
  list: (type) => ({ children: (most) => elementsOf(type, most) }),
  xml: (type) => ({ children: (most) => elementsOf(type, most) }),
  element: (type) => ({
    say: (most) => tagOf(type).slice(0, most),
    children: (most) => elementsOf(type, most),
  }),
  empty: () => ({}),
};

function nodeOf(value: unknown, key: string, label: string | null): ContentNode {
  if (value instanceof Y.AbstractType) return nodeOfType(value, key, label);
  if (value instanceof Y.Doc) return leaf('document', key, label, value.guid);
  if (value instanceof Uint8Array) return { ...leaf('binary', key, label, ''), size: value.byteLength };
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const children = (most: number) =>
      items.slice(0, most).map((item, index) => nodeOf(item, String(index), null));
    return { key, label, kind: 'list', size: items.length, say: () => '', children };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    const children = (most: number) => entries.slice(0, most).map(([name, item]) => nodeOf(item, name, name));
    return { key, label, kind: 'map', size: entries.length, say: () => '', children };
  }
  return leaf('value', key, label, sayValue(value));
}

function leaf(kind: Kind, key: string, label: string | null, text: string): ContentNode {
  return { key, label, kind, size: text.length, say: (most) => text.slice(0, most), children: () => NONE };
}

function sayValue(value: unknown): string {
  if (value === undefined) return 'undefined';
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
}

function textOf(type: Type, most: number): string {
  let text = '';
  for (const { content } of liveItems(type)) {
    if (text.length >= most) break;
    if (content instanceof Y.ContentString) text += content.str;
    else if (content instanceof Y.ContentEmbed) text += `[${JSON.stringify(content.embed)}]`;
    else if (content instanceof Y.ContentType) text += '[…]';
  }
  return text.slice(0, most);
}

function entriesOf(type: Type, most: number): ContentNode[] {
  return [...liveEntries(type)]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .slice(0, most)
    .map(([name, value]) => nodeOf(value, name, name));
}

function elementsOf(type: Type, most: number): ContentNode[] {
  const nodes: ContentNode[] = [];
  for (const { id, content } of liveItems(type)) {
    // Which of a client's edits it is stays the same whatever is put before it.
    for (const [index, value] of content.getContent().entries()) {
      if (nodes.length === most) return nodes;
      nodes.push(nodeOf(value, `${id.client}:${id.clock + index}`, null));
    }
  }
  return nodes;
}

/** An element's opening tag. */
function tagOf(type: Type): string {
  const attributes = [...liveEntries(type)].map(([name, value]) => ` ${name}=${sayValue(value)}`);
  const name = type instanceof Y.XmlElement ? type.nodeName : 'element';
  return `<${name}${attributes.toSorted().join('')}>`;
}

function count(values: Iterable<unknown>): number {
  let sum = 0;
  for (const _ of values) sum += 1;
  return sum;
}
