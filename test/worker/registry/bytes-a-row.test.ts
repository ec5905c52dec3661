import { applyD1Migrations, reset } from 'cloudflare:test';
import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { upsertStatement } from '../../../src/registry/upsert-instance.ts';
import { report, signUp, T0 } from './reports.ts';

const ROWS = 1_000;
/** The migration that gives the table row numbers. */
const BY_ROWID = '0014_instance_rowid.sql';

const NAMES = {
  short: (index: number) => `note ${index}`,
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

describe('what a row takes in D1', () => {
  it.each([
    ['short', 500],
    ['of 252 bytes, ASCII', 1_500],
    ['of 252 bytes, of 3-byte characters', 3_000],
  ] as const)('with a name %s is at most %i bytes', async (kind, most) => {
    const userId = await signUp(crypto.randomUUID());
    const before = await bytesOf();
    await record(userId, NAMES[kind]);
    const bytes = Math.round(((await bytesOf()) - before) / ROWS);
    console.info(`a row with a name ${kind}: ${bytes} bytes`);
    expect(bytes).toBeLessThanOrEqual(most);
  });
});

it('the migration to row numbers keeps every row, number, trigger and index', async () => {
  await reset();
  const at = env.TEST_MIGRATIONS.findIndex(({ name }) => name === BY_ROWID);
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS.slice(0, at));
  const userId = await signUp('kept');
  await record(userId, NAMES.short);
  await env.DB.prepare(`DELETE FROM durable_object_instance WHERE do_name LIKE '%7'`).run();
  const all = async () => {
    const tables = ['durable_object_instance', 'registry_tombstone', 'user_storage_day'].map((table) =>
      env.DB.prepare(`SELECT * FROM ${table} ORDER BY seq`),
    );
    const objects = env.DB.prepare(
      `SELECT type, name, sql FROM sqlite_master WHERE type IN ('trigger', 'index', 'view') AND sql IS NOT NULL ORDER BY name`,
    );
    return (await env.DB.batch([...tables, objects])).map(({ results }) => results);
  };
  const before = await all();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS.slice(0, at + 1));
  expect(await all()).toEqual(before);
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
});
