import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { z } from 'zod';
import { randomFrom } from './random.ts';

/** One change of a text: at a position, so many characters out, this text in. */
type Patch = readonly [position: number, deleted: number, inserted: string];

/** What one keystroke, or one paste, changes. */
export type Edit = readonly Patch[];

/**
 * A sequential editing trace: gzipped or plain JSON `{ startContent, endContent, txns: [{ patches }] }`, the format of
 * josephg/editing-traces. Positions count code points, which are UTF-16 units in a text of the basic plane.
 * @throws where the file is no such trace
 */
export function readTrace(file: string): { edits: Edit[]; endContent: string } {
  const bytes = readFileSync(file);
  // RFC 1952, 2.3.1: the magic number of gzip.
  const json = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
  const trace = Trace.safeParse(JSON.parse(json.toString('utf8')));
  if (!trace.success)
    throw new Error(`${file} is not a sequential editing trace (startContent, endContent, txns)`);
  const { startContent, endContent, txns } = trace.data;
  const start: Edit[] = startContent === '' ? [] : [[[0, 0, startContent]]];
  return { edits: [...start, ...txns.map(({ patches }) => patches)], endContent };
}

// A concurrent trace has `kind` and parents: it cannot be typed by one after the other.
const Trace = z.object({
  startContent: z.string(),
  endContent: z.string(),
  txns: z.array(z.object({ patches: z.array(z.tuple([z.number(), z.number(), z.string()])) })),
  kind: z.undefined().optional(),
});

/** The text after some edits. */
export function apply(edits: readonly Edit[]): string {
  const characters: string[] = [];
  for (const edit of edits) {
    for (const [position, deleted, inserted] of edit)
      characters.splice(position, deleted, ...Array.from(inserted));
  }
  return characters.join('');
}

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

/** How many keystrokes are wrong and taken back, in 100. */
const SLIPS_IN_100 = 4;

/** English sentences, typed character by character with a slip of the finger now and then. */
export function typeEnglish(count: number, seed: number): Edit[] {
  const random = randomFrom(seed);
  const pick = (words: readonly string[]): string => words[Math.floor(random() * words.length)] ?? '';
  const edits: Edit[] = [];
  let position = 0;
  while (edits.length < count) {
    const ending = pick(ENDINGS);
    const sentence = `${pick(SUBJECTS)} ${pick(VERBS)} ${pick(OBJECTS)}${ending === '' ? '' : ` ${ending}`}.`;
    for (const character of `${sentence}${random() < 0.2 ? '\n\n' : ' '}`) {
      if (random() * 100 < SLIPS_IN_100) {
        edits.push([[position, 0, 'x']], [[position, 1, '']]);
      }
      edits.push([[position, 0, character]]);
      position += 1;
    }
  }
  return edits.slice(0, count);
}
