import { formatBytes, formatCounted } from '../../ui/format.ts';
import type { ContentNode } from './read-content.ts';

const DESCRIPTIONS: Readonly<Record<ContentNode['kind'], (size: number) => string>> = {
  text: (size) => `text, ${formatCounted(size, 'character', 'characters')}`,
  map: (size) => `map, ${formatCounted(size, 'key', 'keys')}`,
  list: (size) => `array, ${formatCounted(size, 'element', 'elements')}`,
  xml: (size) => `XML, ${formatCounted(size, 'child', 'children')}`,
  element: () => '',
  block: () => '',
  value: () => '',
  binary: (size) => `binary, ${formatBytes(size)}`,
  document: () => 'subdocument, by its id',
  empty: () => 'empty',
};

/** Kind and size of a node. */
export const describeNode = ({ kind, size }: ContentNode): string => DESCRIPTIONS[kind](size);
