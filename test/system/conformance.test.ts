import { randomInt, randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from 'vitest';
import { LAWS } from '../conformance/laws.ts';
import { tryLaw } from '../conformance/try-law.ts';
import type { User } from '../support/system.ts';
import { site } from './site.ts';

const LAW_TIMEOUT_MS = 90_000;

const { CONFORMANCE_SEED: givenSeed, CONFORMANCE_TRACE: traceFile } = process.env;
const seed = givenSeed === undefined ? randomInt(2 ** 32 - 1) : Number(givenSeed);
const settings = { seed, traceFile };

let user: User;

beforeAll(async () => {
  console.log(`CONFORMANCE_SEED=${seed}`);
  user = await site.signUp();
});

describe.each(['documents', 'workspaces'])('laws of %s', (rooms) => {
  test.each(LAWS)('$name', async ({ law }) => {
    const target = {
      url: `${site.wsOrigin}/${rooms}`,
      room: randomUUID,
      params: { token: user.jwt },
    };
    const { verdict, reason } = await tryLaw(law, target, settings, LAW_TIMEOUT_MS);
    expect(`${verdict} ${reason}`.trim()).toBe('kept');
  });
});
