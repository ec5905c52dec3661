import { expect, test } from 'vitest';
import * as Y from 'yjs';
import { applyEdit, getTextAfter } from '../../scripts/lib/editing/edits.ts';
import { typePaper } from '../../scripts/lib/editing/paper.ts';
import { createRandom } from '../../scripts/lib/random.ts';
import { generateHistory } from '../conformance/histories/generate-history.ts';

const SEED = 7;

test('the same seed generates the same paper', () => {
  expect(typePaper(3_000, SEED)).toEqual(typePaper(3_000, SEED));
});

test('Yjs reads the same text from a generated paper as string operations do', () => {
  const edits = typePaper(3_000, SEED);
  const doc = new Y.Doc();
  const text = doc.getText('text');
  for (const edit of edits) doc.transact(() => applyEdit(text, edit));
  expect(text.toJSON()).toBe(getTextAfter(edits));
  expect(new Set(edits.flat().map(({ type }) => type))).toEqual(new Set(['insert', 'delete', 'format']));
});

test('the same seed generates the same concurrent history, in which each writer misses edits of the other', () => {
  const history = generateHistory(2_000, createRandom(SEED));
  expect(generateHistory(2_000, createRandom(SEED))).toEqual(history);
  const clocks = [0, 0];
  const behind = history.steps.filter(({ agent, seen, update }) => {
    for (const { id, length } of Y.decodeUpdate(update).structs) clocks[agent] = id.clock + length;
    return (seen.get(2 - agent) ?? 0) < (clocks[1 - agent] ?? 0);
  });
  expect(new Set(behind.map(({ agent }) => agent))).toEqual(new Set([0, 1]));
});
