import * as Y from 'yjs';
import { getLiveEntries, getLiveItems, type Type } from './items.ts';
import { getKind } from './read-content.ts';

/** A text with formats or embeds is a delta, as in `Y.Text.toDelta()`. */
interface Op {
  readonly insert: unknown;
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** All content as JSON. Values without a JSON type are objects such as `{ $binary }`. */
export function toJson(doc: Y.Doc): string {
  const roots = [...doc.share].map(([name, type]): [string, unknown] => [name, toPlain(type)]);
  return JSON.stringify(Object.fromEntries(roots), null, 2);
}

function toPlain(value: unknown): unknown {
  if (value instanceof Y.AbstractType) return toPlainType(value);
  if (value instanceof Y.Doc) return { $document: value.guid };
  if (value instanceof Uint8Array) return { $binary: base64(value) };
  if (typeof value === 'bigint') return { $bigint: String(value) };
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(toPlain);
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, toPlain(item)]));
  }
  return value;
}

function toPlainType(type: Type): unknown {
  return PLAIN[getKind(type)](type);
}

const toArray = (type: Type): unknown[] =>
  [...getLiveItems(type)].flatMap(({ content }) => content.getContent().map(toPlain));

const toObject = (type: Type): Record<string, unknown> =>
  Object.fromEntries(
    [...getLiveEntries(type)].map(([key, value]): [string, unknown] => [key, toPlain(value)]),
  );

const PLAIN: Readonly<Record<ReturnType<typeof getKind>, (type: Type) => unknown>> = {
  text: toPlainText,
  map: toObject,
  list: toArray,
  xml: toArray,
  element: (type) => ({
    $element: type instanceof Y.XmlElement ? type.nodeName : '',
    attributes: toObject(type),
    children: toArray(type),
  }),
  empty: () => null,
};

function toPlainText(type: Type): unknown {
  const ops: Op[] = [];
  const attributes: Record<string, unknown> = {};
  for (const { content } of getLiveItems(type)) {
    if (content instanceof Y.ContentFormat) {
      if (content.value === null) delete attributes[content.key];
      else attributes[content.key] = content.value;
      continue;
    }
    const isPlain = Object.keys(attributes).length === 0;
    const inserts = content instanceof Y.ContentString ? [content.str] : content.getContent().map(toPlain);
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
