import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { upsertStatement } from '../../../src/registry/write/upsert-instance.ts';
import { report, signUp, T0 } from './reports.ts';

const ROWS = 1_000;

const OWNERS = {
  'a local account': () => crypto.randomUUID().replaceAll('-', ''),
  'an external user': () => `https://issuer.example/#${crypto.randomUUID()}`,
};

const NAMES = {
  short: (index: number) => `note-${index}`,
  'of 252 bytes, ASCII': (index: number) => `${crypto.randomUUID().repeat(7).slice(0, 246)}${index}`,
  'of 252 bytes, of 3-byte characters': () =>
    Array.from({ length: 84 }, () => String.fromCodePoint(0x4e_00 + Math.floor(Math.random() * 20_000))).join(
      '',
    ),
};

const bytesOf = async () => (await env.DB.prepare('SELECT 1').run()).meta.size_after;

/** Reports of new rooms, through the statement that records them. */
async function record(userId: string, nameOf: (index: number) => string): Promise<void> {
  const reports = Array.from({ length: ROWS }, (_, index) =>
    report(userId, nameOf(index), {
      doId: crypto.randomUUID().replaceAll('-', '').repeat(2),
      measurement: { storageBytes: 8_192 + index, measuredAt: T0 },
    }),
  );
  for (let at = 0; at < ROWS; at += 100)
    await env.DB.batch(reports.slice(at, at + 100).map((value) => upsertStatement(env.DB, value)));
}

describe('the size of a row in D1', () => {
  it.each([
    ['short', 'a local account', 320],
    ['of 252 bytes, ASCII', 'a local account', 900],
    ['of 252 bytes, of 3-byte characters', 'a local account', 2_600],
    ['short', 'an external user', 540],
    ['of 252 bytes, ASCII', 'an external user', 1_150],
    ['of 252 bytes, of 3-byte characters', 'an external user', 2_850],
  ] as const)('with a name %s, of %s, is at most %i bytes', async (kind, owner, most) => {
    const userId = await signUp(OWNERS[owner]());
    const before = await bytesOf();
    await record(userId, NAMES[kind]);
    const bytes = Math.round(((await bytesOf()) - before) / ROWS);
    console.info(`a row with a name ${kind}, of ${owner}: ${bytes} bytes`);
    expect(bytes).toBeLessThanOrEqual(most);
  });
});
