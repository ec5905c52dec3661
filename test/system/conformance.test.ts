import { randomInt, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { LAWS } from '../conformance/laws.ts';
import { tryLaw } from '../conformance/try-law.ts';
import type { User } from '../support/system.ts';
import { site } from './site.ts';

const LAW_TIMEOUT_MS = 90_000;
/** Beside the project, not in it: other people's data. A generated history takes its part where it is not there. */
const TRACE = path.resolve(import.meta.dirname, '../../../shared/traces/friendsforever.json.gz');

const given = process.env['CONFORMANCE_SEED'];
const seed = given === undefined ? randomInt(2 ** 32 - 1) : Number(given);
const settings = { seed, traceFile: existsSync(TRACE) ? TRACE : undefined };

let user: User;

beforeAll(async () => {
  console.log(`CONFORMANCE_SEED=${seed}`);
  user = await site.signUp();
});

describe.each(['documents', 'workspaces'])('of %s', (rooms) => {
  test.each(LAWS)('$name', async ({ law }) => {
    const target = {
      url: `${site.wsOrigin}/${rooms}`,
      room: randomUUID,
      params: { token: user.jwt },
    };
    const { verdict, reason } = await tryLaw(law, target, settings, LAW_TIMEOUT_MS);
    if (verdict === 'not tried') {
      console.log(`not tried: ${reason}`);
      return;
    }
    expect(`${verdict} ${reason}`.trim()).toBe('kept');
  });
});
