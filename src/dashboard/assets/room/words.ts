import { formatBytes, formatCountOf } from '../../ui/format.ts';
import type { ContentNode } from './read-content.ts';

const WORDS: Readonly<Record<ContentNode['kind'], (size: number) => string>> = {
  text: (size) => `text, ${formatCountOf(size, 'character', 'characters')}`,
  map: (size) => `map, ${formatCountOf(size, 'key', 'keys')}`,
  list: (size) => `array, ${formatCountOf(size, 'element', 'elements')}`,
  xml: (size) => `XML, ${formatCountOf(size, 'child', 'children')}`,
  element: () => '',
  block: () => '',
  value: () => '',
  binary: (size) => `binary, ${formatBytes(size)}`,
  document: () => 'a document of its own, by its id',
  empty: () => 'empty',
};

/** What a part of a document is and how large, beside its name. */
export const say = ({ kind, size }: ContentNode): string => WORDS[kind](size);
