import * as Y from 'yjs';
import { liveEntries, liveItems, type Type } from './items.ts';
import { kindOf } from './read-content.ts';

/** A text with formats or embedded values is a delta, as editors take it (Yjs, `Y.Text` "toDelta"). */
interface Op {
  readonly insert: unknown;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** All content of a document as JSON for people and scripts. What JSON has no words for is an object that names it. */
export function toJson(doc: Y.Doc): string {
  const roots = [...doc.share].map(([name, type]): [string, unknown] => [name, plain(type)]);
  return JSON.stringify(Object.fromEntries(roots), null, 2);
}

function plain(value: unknown): unknown {
  if (value instanceof Y.AbstractType) return plainType(value);
  if (value instanceof Y.Doc) return { $document: value.guid };
  if (value instanceof Uint8Array) return { $binary: base64(value) };
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

function plainType(type: Type): unknown {
  return PLAIN[kindOf(type)](type);
}

const listOf = (type: Type): unknown[] =>
  [...liveItems(type)].flatMap(({ content }) => content.getContent().map(plain));

const mapOf = (type: Type): Record<string, unknown> =>
  Object.fromEntries([...liveEntries(type)].map(([key, value]): [string, unknown] => [key, plain(value)]));

const PLAIN: Readonly<Record<ReturnType<typeof kindOf>, (type: Type) => unknown>> = {
  text: plainText,
  map: mapOf,
  list: listOf,
  xml: listOf,
  element: (type) => ({
    $element: type instanceof Y.XmlElement ? type.nodeName : '',
    attributes: mapOf(type),
    children: listOf(type),
  }),
  empty: () => null,
};

function plainText(type: Type): unknown {
  const ops: Op[] = [];
  const attributes: Record<string, unknown> = {};
  for (const { content } of liveItems(type)) {
    if (content instanceof Y.ContentFormat) {
      if (content.value === null) delete attributes[content.key];
      else attributes[content.key] = content.value;
      continue;
    }
    const isPlain = Object.keys(attributes).length === 0;
    const inserts = content instanceof Y.ContentString ? [content.str] : content.getContent().map(plain);
    for (const insert of inserts) ops.push({ insert, ...(!isPlain && { attributes: { ...attributes } }) });
  }
  const isString = ops.every(
    ({ insert, attributes }) => typeof insert === 'string' && attributes === undefined,
  );
  return isString ? ops.map(({ insert }) => insert).join('') : ops;
}

function base64(bytes: Uint8Array): string {
  let text = '';
  for (const byte of bytes) text += String.fromCodePoint(byte);
  return btoa(text);
}
