import * as Y from 'yjs';

/** Any shared type, also an undefined one of the top level. */
export type Type = NonNullable<ReturnType<Y.Doc['share']['get']>>;

/** Includes Y.XmlText. */
export const isText = (type: unknown): type is Type => type instanceof Y.Text;

/** Items that are not deleted, in order. */
export function* getLiveItems(type: Type): Generator<Y.Item> {
  for (let item = type._start; item !== null; item = item.right) if (!item.deleted) yield item;
}

/** Entries that are not deleted. */
export function* getLiveEntries(type: Type): Generator<[string, unknown]> {
  for (const [key, item] of type._map) {
    if (!item.deleted) yield [key, item.content.getContent()[item.length - 1]];
  }
}
