import { describe, expect, it } from 'vitest';
import { createAfterResponseQueue } from '../../src/lib/after-response.ts';

describe('the after-response queue', () => {
  it('starts no task before it is drained, and resolves when all tasks have settled', async () => {
    const queue = createAfterResponseQueue();
    const seen: string[] = [];
    queue.push('one', async () => seen.push('one'));
    queue.push('two', async () => {
      await Promise.resolve();
      seen.push('two');
    });
    expect(seen).toEqual([]);
    await queue.drain();
    expect(seen).toEqual(['one', 'two']);
  });

  it('starts tasks in a later turn of the event loop, so they do not delay the response', async () => {
    const queue = createAfterResponseQueue();
    const seen: string[] = [];
    queue.push('task', async () => seen.push('task'));
    const drained = queue.drain();
    for (let turns = 0; turns < 10; turns += 1) {
      // oxlint-disable-next-line no-await-in-loop
      await Promise.resolve();
      expect(seen).toEqual([]);
    }
    await drained;
    expect(seen).toEqual(['task']);
  });

  it('logs thrown and rejected errors with the task’s name and runs the other tasks', async () => {
    const logged: string[] = [];
    const queue = createAfterResponseQueue(({ task, error }) => logged.push(`${task}: ${error}`));
    let ran = false;
    queue.push('throws', () => {
      throw new Error('at once');
    });
    queue.push('rejects', () => Promise.reject(new Error('later')));
    queue.push('fine', async () => {
      ran = true;
    });
    await queue.drain();
    expect(ran).toBe(true);
    expect(logged).toEqual(['throws: Error: at once', 'rejects: Error: later']);
  });

  it('runs a task that another task pushes, once', async () => {
    const queue = createAfterResponseQueue();
    let runs = 0;
    queue.push('outer', async () =>
      queue.push('inner', async () => {
        runs += 1;
      }),
    );
    await queue.drain();
    await queue.drain();
    expect(runs).toBe(1);
  });
});
