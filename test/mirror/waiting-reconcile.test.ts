import { beforeEach, expect, test } from 'vitest';
import { RECONCILE_LIMITS } from '../../src/mirror/passes/reconcile-pass.ts';
import { runReconcile } from '../../src/mirror/passes/run.ts';
import { createCountedD1 } from '../worker/support/counted-d1.ts';
import { bindings, emptyCopy, expectExactCopy, mirror, reconcile } from './copy.ts';
import { addUser, emptyRegistry, fill } from './registry.ts';

/** More changes than the comparison of the history looks through. */
const UNSETTLED = 20_010;

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await addUser('ada');
});

test('a reconcile pass that must wait for the incremental pass reads the changes once and ends', async () => {
  await fill('ada', UNSETTLED);
  const counted = createCountedD1();
  const reconcileLimits = { ...RECONCILE_LIMITS, runSeconds: 5 };
  const outcome = await runReconcile({ ...bindings, DB: counted.DB }, 'repair', { reconcileLimits });
  expect(outcome).toMatchObject({ state: 'done', summary: { more: true, finishedAt: null } });
  // Five ranges of rooms, one look at the changes, the status.
  expect(counted.trips).toBeLessThan(15);

  await mirror();
  expect(await reconcile()).toMatchObject({ more: false, repaired: 0 });
  await expectExactCopy();
});
