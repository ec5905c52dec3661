import * as Y from 'yjs';
import { isText, liveEntries, liveItems, type Type } from './items.ts';
import { readText, type ShownText } from './read-text.ts';

/** What there is to show of something in a document. Its children are read when they are asked for. */
export interface ContentNode {
  /** Tells it from its siblings, also after edits beside it. */
  readonly key: string;
  /** Under which name it stands; `null` in a list. */
  readonly label: string | null;
  readonly kind:
    | 'text'
    | 'map'
    | 'list'
    | 'xml'
    | 'element'
    | 'block'
    | 'value'
    | 'binary'
    | 'document'
    | 'empty';
  /** Of a text, its characters; of what holds others, how many; of bytes, their number. */
  readonly size: number;
  /** A value, or an element's tag, cut to at most `most` characters. */
  readonly say: (most: number) => string;
  /** Of a text, and of an element that holds texts alone (`block`): its first `most` characters; `null` of anything else. */
  readonly text: ((most: number) => ShownText) | null;
  /** The first so many of what it holds; nothing for what holds nothing. */
  readonly children: (most: number) => readonly ContentNode[];
}

type Kind = ContentNode['kind'];
type TypeKind = Exclude<Kind, 'value' | 'binary' | 'document' | 'block'>;

const NONE: readonly ContentNode[] = [];

/** The top-level types of a document, by name. Reading defines none of them, and changes nothing. */
export function readDocument(doc: Y.Doc): ContentNode[] {
  return [...doc.share]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, type]) => nodeOfType(type, name, name));
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
  const node = { key, label, kind, size: type._length, say: () => '', text: null, children: () => NONE };
  return { ...node, ...READ[kind](type) };
}

const READ: Readonly<Record<TypeKind, (type: Type) => Partial<ContentNode>>> = {
  text: (type) => ({ text: (most) => readText([type], most) }),
  map: (type) => ({ size: count(liveEntries(type)), children: (most) => entriesOf(type, most) }),
  list: (type) => ({ children: (most) => elementsOf(type, most) }),
  xml: (type) => ({ children: (most) => elementsOf(type, most) }),
  element: (type) => {
    const say = (most: number) => tagOf(type).slice(0, most);
    const texts = textsIn(type);
    if (texts === null) return { say, children: (most) => elementsOf(type, most) };
    const size = texts.reduce((sum, { _length }) => sum + _length, 0);
    return { kind: 'block', say, size, text: (most) => readText(texts, most) };
  },
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
    return { key, label, kind: 'list', size: items.length, say: () => '', text: null, children };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    const children = (most: number) => entries.slice(0, most).map(([name, item]) => nodeOf(item, name, name));
    return { key, label, kind: 'map', size: entries.length, say: () => '', text: null, children };
  }
  return leaf('value', key, label, sayValue(value));
}

function leaf(kind: Kind, key: string, label: string | null, text: string): ContentNode {
  const say = (most: number) => text.slice(0, most);
  return { key, label, kind, size: text.length, say, text: null, children: () => NONE };
}

function sayValue(value: unknown): string {
  if (value === undefined) return 'undefined';
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
}

/** The texts in an element that holds nothing else, such as a paragraph; `null` for any other. */
function textsIn(type: Type): Type[] | null {
  const texts: Type[] = [];
  for (const { content } of liveItems(type)) {
    if (!(content instanceof Y.ContentType) || !isText(content.type)) return null;
    texts.push(content.type);
  }
  return texts.length === 0 ? null : texts;
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
