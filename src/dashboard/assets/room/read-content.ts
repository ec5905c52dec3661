import * as Y from 'yjs';
import { isText, getLiveEntries, getLiveItems, type Type } from './items.ts';
import { readText, type ShownText } from './read-text.ts';

/** A node of the content tree. Children are read on demand. */
export interface ContentNode {
  /** Unique among siblings, and stable across edits. */
  readonly key: string;
  /** `null` in a list. */
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
  /** Number of characters, children or bytes. */
  readonly size: number;
  /** A value, or an element's tag, truncated. */
  readonly format: (maxLength: number) => string;
  /** For texts, and elements that contain only texts (`block`). */
  readonly text: ((maxLength: number) => ShownText) | null;
  readonly children: (maxCount: number) => readonly ContentNode[];
}

type Kind = ContentNode['kind'];
type TypeKind = Exclude<Kind, 'value' | 'binary' | 'document' | 'block'>;

const NONE: readonly ContentNode[] = [];

/** The top-level types by name. Does not define types, so it does not change the document. */
export function readDocument(doc: Y.Doc): ContentNode[] {
  return [...doc.share]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, type]) => createTypeNode(type, name, name));
}

/**
 * Updates do not contain the class of a top-level type, so the content decides: strings and formats are in texts, elements
 * in XML, keys in maps.
 */
export function getKind(type: Type): TypeKind {
  if (type instanceof Y.Text) return 'text';
  if (type instanceof Y.Map) return 'map';
  if (type instanceof Y.Array) return 'list';
  if (type instanceof Y.XmlElement) return 'element';
  if (type instanceof Y.XmlFragment) return 'xml';
  for (const { content } of getLiveItems(type)) {
    if (content instanceof Y.ContentString || content instanceof Y.ContentFormat) return 'text';
    if (content instanceof Y.ContentEmbed) return 'text';
    const isXml =
      content instanceof Y.ContentType &&
      (content.type instanceof Y.XmlFragment ||
        content.type instanceof Y.XmlText ||
        content.type instanceof Y.XmlHook);
    return isXml ? 'xml' : 'list';
  }
  for (const _ of getLiveEntries(type)) return 'map';
  return 'empty';
}

function createTypeNode(type: Type, key: string, label: string | null): ContentNode {
  const kind = getKind(type);
  const node = { key, label, kind, size: type._length, format: () => '', text: null, children: () => NONE };
  return { ...node, ...READ[kind](type) };
}

const READ: Readonly<Record<TypeKind, (type: Type) => Partial<ContentNode>>> = {
  text: (type) => ({ text: (maxLength) => readText([type], maxLength) }),
  map: (type) => ({ size: count(getLiveEntries(type)), children: (maxCount) => readEntries(type, maxCount) }),
  list: (type) => ({ children: (maxCount) => readElements(type, maxCount) }),
  xml: (type) => ({ children: (maxCount) => readElements(type, maxCount) }),
  element: (type) => {
    const format = (maxLength: number) => formatTag(type).slice(0, maxLength);
    const texts = getTexts(type);
    if (texts === null) return { format, children: (maxCount) => readElements(type, maxCount) };
    const size = texts.reduce((sum, { _length }) => sum + _length, 0);
    return { kind: 'block', format, size, text: (maxLength) => readText(texts, maxLength) };
  },
  empty: () => ({}),
};

function createNode(value: unknown, key: string, label: string | null): ContentNode {
  if (value instanceof Y.AbstractType) return createTypeNode(value, key, label);
  if (value instanceof Y.Doc) return leaf('document', key, label, value.guid);
  if (value instanceof Uint8Array) return { ...leaf('binary', key, label, ''), size: value.byteLength };
  if (Array.isArray(value)) {
    const items: readonly unknown[] = value;
    const children = (maxCount: number) =>
      items.slice(0, maxCount).map((item, index) => createNode(item, String(index), null));
    return { key, label, kind: 'list', size: items.length, format: () => '', text: null, children };
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    const children = (maxCount: number) =>
      entries.slice(0, maxCount).map(([name, item]) => createNode(item, name, name));
    return { key, label, kind: 'map', size: entries.length, format: () => '', text: null, children };
  }
  return leaf('value', key, label, formatValue(value));
}

function leaf(kind: Kind, key: string, label: string | null, text: string): ContentNode {
  const format = (maxLength: number) => text.slice(0, maxLength);
  return { key, label, kind, size: text.length, format, text: null, children: () => NONE };
}

function formatValue(value: unknown): string {
  if (value === undefined) return 'undefined';
  return typeof value === 'bigint' ? `${value}n` : JSON.stringify(value);
}

/** The texts of an element that contains only texts, such as a paragraph; otherwise `null`. */
function getTexts(type: Type): Type[] | null {
  const texts: Type[] = [];
  for (const { content } of getLiveItems(type)) {
    if (!(content instanceof Y.ContentType) || !isText(content.type)) return null;
    texts.push(content.type);
  }
  return texts.length === 0 ? null : texts;
}

function readEntries(type: Type, maxCount: number): ContentNode[] {
  return [...getLiveEntries(type)]
    .toSorted(([one], [other]) => (one < other ? -1 : 1))
    .slice(0, maxCount)
    .map(([name, value]) => createNode(value, name, name));
}

function readElements(type: Type, maxCount: number): ContentNode[] {
  const nodes: ContentNode[] = [];
  for (const { id, content } of getLiveItems(type)) {
    // The id of the struct is a stable key.
    for (const [index, value] of content.getContent().entries()) {
      if (nodes.length === maxCount) return nodes;
      nodes.push(createNode(value, `${id.client}:${id.clock + index}`, null));
    }
  }
  return nodes;
}

function formatTag(type: Type): string {
  const attributes = [...getLiveEntries(type)].map(([name, value]) => ` ${name}=${formatValue(value)}`);
  const name = type instanceof Y.XmlElement ? type.nodeName : 'element';
  return `<${name}${attributes.toSorted().join('')}>`;
}

function count(values: Iterable<unknown>): number {
  let sum = 0;
  for (const _ of values) sum += 1;
  return sum;
}
