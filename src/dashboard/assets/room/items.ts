import * as Y from 'yjs';

/** Any shared type, also one of the top level that nobody has defined. */
export type Type = NonNullable<ReturnType<Y.Doc['share']['get']>>;

/** Also a text among XML elements, which is one of Yjs's texts. */
export const isText = (type: unknown): type is Type => type instanceof Y.Text;

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
