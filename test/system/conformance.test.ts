import { randomInt, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LAWS } from '../conformance/laws.ts';
import { tryLaw } from '../conformance/try-law.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { makeFolder, removeFolder, startSystem, type System, type User } from '../support/system.ts';

const LAW_TIMEOUT_MS = 90_000;
/** Beside the project, not in it: other people's data. A generated history takes its part where it is not there. */
const TRACE = path.resolve(import.meta.dirname, '../../../shared/traces/friendsforever.json.gz');

const given = process.env['CONFORMANCE_SEED'];
const seed = given === undefined ? randomInt(2 ** 32 - 1) : Number(given);
const settings = { seed, traceFile: existsSync(TRACE) ? TRACE : undefined };

let folder: string;
let system: System;
let user: User;

beforeAll(async () => {
  console.log(`CONFORMANCE_SEED=${seed}`);
  folder = await makeFolder();
  system = await startSystem({ persistTo: folder, mirror: false });
  user = await system.signUp();
});

afterAll(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

describe.each(['documents', 'workspaces'])('of %s', (rooms) => {
  test.each(LAWS)('$name', async ({ law }) => {
    const target = {
      url: `${system.wsOrigin}/${rooms}`,
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
