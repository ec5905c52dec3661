import type { Edit } from './edits.ts';
import { createRandom, pickFrom } from '../random.ts';

const SUBJECTS = [
  'The garden',
  'Our neighbour',
  'A small boat',
  'The old library',
  'My sister',
  'The night train',
];
const VERBS = [
  'waits for',
  'remembers',
  'leads to',
  'is older than',
  'cannot do without',
  'keeps the key of',
];
const OBJECTS = [
  'the river',
  'a long winter',
  'the market square',
  'three letters',
  'an honest clock',
  'the hill',
];
const ENDINGS = [
  'in the morning',
  'when it rains',
  'as everyone knows',
  'after all these years',
  'once a week',
  '',
];

const PARAGRAPH_CHANCE = 0.2;
const TYPO_CHANCE = 0.04;

/** One sentence, with the space or the paragraph break after it. */
export function createSentence(random: () => number): string {
  const words = [SUBJECTS, VERBS, OBJECTS, ENDINGS].map((list) => pickFrom(list, random));
  const sentence = `${words.filter((word) => word !== '').join(' ')}.`;
  return `${sentence}${random() < PARAGRAPH_CHANCE ? '\n\n' : ' '}`;
}

/** English sentences, typed from start to end, one character an edit, with a typo deleted now and then. */
export function typeEnglish(count: number, seed: number): Edit[] {
  const random = createRandom(seed);
  const edits: Edit[] = [];
  let position = 0;
  while (edits.length < count) {
    for (const character of createSentence(random)) {
      if (random() < TYPO_CHANCE)
        edits.push([{ type: 'insert', position, text: 'x' }], [{ type: 'delete', position, length: 1 }]);
      edits.push([{ type: 'insert', position, text: character }]);
      position += 1;
    }
  }
  return edits.slice(0, count);
}
