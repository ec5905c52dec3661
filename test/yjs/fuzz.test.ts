import { beforeAll, expect, test } from 'vitest';
import * as Y from 'yjs';
import { createRandom } from '../../scripts/lib/random.ts';
import { type CheckedUpdate, checkUpdate } from '../../src/yjs/read-update.ts';
import { mutations } from '../support/mutations.ts';
import { compact } from './compact-bytes.ts';
import { mergeAll } from './merge-updates.ts';

const INPUTS = 30_000;
const UPDATES_PER_LOG = 12;

const seed = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
const accepted: CheckedUpdate[] = [];
let refused = 0;

beforeAll(() => {
  console.log(`fuzz of updates: seed ${seed}`);
  const damaged = mutations(createRandom(seed));
  for (let input = 0; input < INPUTS; input++) {
    const checked = checkUpdate(damaged.update());
    if (typeof checked === 'string') refused += 1;
    else accepted.push(checked);
  }
});

test('a damaged update is refused, or is one that Yjs decodes', () => {
  expect(refused).toBeGreaterThan(INPUTS / 10);
  expect(accepted.length).toBeGreaterThan(INPUTS / 10);
  for (const { bytes } of accepted) Y.decodeUpdate(bytes);
});

test('updates that were accepted are merged and compacted into updates that Yjs decodes and that are accepted', () => {
  for (let from = 0; from < accepted.length; from += UPDATES_PER_LOG) {
    const log = accepted.slice(from, from + UPDATES_PER_LOG).map(({ bytes }) => bytes);
    const merged = mergeAll(log);
    Y.decodeUpdate(merged);
    expect(typeof checkUpdate(merged)).not.toBe('string');
    // `null`: not smaller, or not provably the same. The log then stays as it is.
    const compacted = compact(log, { collected: null });
    if (compacted !== null) Y.decodeUpdate(compacted.bytes);
  }
});
