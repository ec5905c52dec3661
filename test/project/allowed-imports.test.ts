import { expect, test } from 'vitest';
import { getImportProblem } from '../../scripts/lint/allowed-imports.ts';

test.each([
  ['src/yjs/compaction.ts', './structs/struct-reader.ts'],
  ['src/yjs/structs/struct-reader.ts', '../decode.ts'],
  ['src/yjs/decode.ts', 'lib0/decoding'],
  ['src/rooms/sync/edits.ts', '../storage/room-state.ts'],
  ['src/worker/dashboard/room.ts', '../../rooms/actions/call-room.ts'],
  ['test/yjs/merge-updates.ts', '../../src/yjs/compaction.ts'],
])('%s may import %s', (file, specifier) => {
  expect(getImportProblem(file, specifier)).toBeNull();
});

test.each([
  ['src/yjs/compaction.ts', '../rooms/limits/room-limits.ts', 'src/yjs may not import src/rooms/limits'],
  ['src/yjs/compaction.ts', 'hono', 'src/yjs may not import the package hono'],
  ['src/yjs/compaction.ts', 'yjs/src/index.js', 'src/yjs may not import the package yjs/src/index.js'],
  ['src/rooms/storage/damage.ts', '../sync/edits.ts', 'src/rooms/storage may not import src/rooms/sync'],
  ['src/rooms/http/routes.ts', '../../registry/schema.ts', 'src/rooms/http may not import src/registry'],
  ['src/lib/problem.ts', '../../test/support/until.ts', 'src/lib may not import test/support/until.ts'],
  ['src/rooms/new/file.ts', './other.ts', 'the folder of src/rooms/new/file.ts is not listed'],
])('%s may not import %s', (file, specifier, problem) => {
  expect(getImportProblem(file, specifier)).toBe(problem);
});
