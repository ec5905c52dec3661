import { describe, expect, it } from 'vitest';
import { getRetryDelayMs, retryWrite } from '../../../src/registry/write/retry-write.ts';

const passing = [
  'D1_ERROR: Network connection lost.',
  'D1_ERROR: D1 DB reset because its code was updated.',
  'D1_ERROR: Internal error while starting up D1 DB storage caused object to be reset.',
];

/** A write that fails with each message in turn, then succeeds. */
function failing(messages: string[]) {
  const left = [...messages];
  let tries = 0;
  return {
    tries: () => tries,
    write: async () => {
      tries += 1;
      const message = left.shift();
      if (message !== undefined) throw new Error(message);
      return 'written';
    },
  };
}

/** The waits after the first to the fourth failure. */
const waits = (message: string) =>
  [1, 2, 3, 4].map((failures) => getRetryDelayMs(new Error(message), failures));

describe('a write', () => {
  it('is retried after a transient error of D1', async () => {
    const { write, tries } = failing(passing);
    expect(await retryWrite(write)).toBe('written');
    expect(tries()).toBe(4);
  });

  it('fails with the last error after four attempts', async () => {
    const { write, tries } = failing(Array.from({ length: 9 }, () => 'Network connection lost'));
    await expect(retryWrite(write)).rejects.toThrow('Network connection lost');
    expect(tries()).toBe(4);
  });

  it('is not retried for an invalid statement', async () => {
    const { write, tries } = failing(['D1_ERROR: no such table: nothing: SQLITE_ERROR']);
    await expect(retryWrite(write)).rejects.toThrow('no such table');
    expect(tries()).toBe(1);
  });

  it('waits longer each time, and longer for an overloaded database', () => {
    const lost = waits('Network connection lost');
    const overloaded = waits('D1 DB is overloaded. Requests queued for too long.');
    expect(lost).toEqual([50, 150, 450, null]);
    expect(overloaded).toEqual([400, 1_200, 3_600, null]);
  });
});
