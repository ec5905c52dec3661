import { beforeEach, expect, test, vi } from 'vitest';
import { POSTGRES_TIMEOUTS } from '../../src/mirror/postgres/connect.ts';
import { type MirrorOutcome, runMirror } from '../../src/mirror/passes/run.ts';
import {
  ask,
  bindings,
  checkpoint,
  emptyCopy,
  expectExactCopy,
  failToMirror,
  makeChanges,
  mirror,
  mirroredTable,
  withHeldConnection,
} from './copy.ts';
import type { Fault, ProxyRecord } from './faults.ts';
import { proxyRecord, setProxyFault, throughProxy } from './proxy.ts';
import { addUser, emptyRegistry } from './registry.ts';

/** Two batches that insert, change and delete. */
const limits = { batchRows: 3, runRows: 100, runSeconds: 60 };
const timeouts = { ...POSTGRES_TIMEOUTS, closeMs: 50 };
/** Short, because a stalled statement is waited for this long. */
const impatient = { ...timeouts, statementMs: 100, answerGraceMs: 50, closeMs: 20 };

async function runThroughProxy(
  fault: Fault | null,
): Promise<{ outcome: MirrorOutcome; record: ProxyRecord }> {
  await setProxyFault(fault);
  const outcome = await runMirror(throughProxy, {
    limits,
    timeouts: fault?.kind === 'stall' ? impatient : timeouts,
  });
  return { outcome, record: await proxyRecord() };
}

const state = async () => ({ checkpoint: await checkpoint(), rows: await mirroredTable() });

/** The copy as it is before the changes of a test, to begin again from. */
async function keepCopy(): Promise<() => Promise<void>> {
  await ask('create table kept_rows as table durable_object_instance');
  await ask('create table kept_checkpoint as table mirror_checkpoint');
  return async () => {
    await emptyCopy();
    await ask('insert into durable_object_instance table kept_rows');
    await ask('insert into mirror_checkpoint table kept_checkpoint');
  };
}

beforeEach(async () => {
  await emptyRegistry();
  await emptyCopy();
  await ask('drop table if exists kept_rows, kept_checkpoint');
  await addUser('ada');
  vi.spyOn(console, 'info').mockImplementation(() => undefined);
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
});

const BREAKS = ['cut', 'tear', 'half-close', 'lose the answer'] as const;
for (const kind of [...BREAKS, 'stall'] as const) {
  test(`a connection that breaks at any statement (${kind}) leaves whole batches, and the next run continues`, async () => {
    await withHeldConnection(async () => {
      await makeChanges();
      const begin = await keepCopy();
      // The states that a copy may be in: before, between and after the batches.
      const states = [await state()];
      while ((await mirror({ ...limits, runRows: 3 })).more) states.push(await state());
      states.push(await state());
      expect(states).toHaveLength(3);

      await begin();
      const undisturbed = await runThroughProxy(null);
      expect(undisturbed.outcome).toMatchObject({ state: 'done', summary: { batches: 2 } });
      const statements = undisturbed.record.statements.length;
      expect(statements).toBeGreaterThan(10);

      const seen = new Set<number | null>();
      for (let at = 1; at <= statements; at += 1) {
        await begin();
        let { outcome, record } = await runThroughProxy({ at, kind });
        // On a busy machine the impatient run may end before the statement that was to stall.
        while (!record.fired) {
          expect(kind).toBe('stall');
          await begin();
          ({ outcome, record } = await runThroughProxy({ at, kind }));
        }
        expect(outcome.state).toBe('failed');
        // What a killed connection left running may still end: Postgres decides, not the run.
        await vi.waitFor(async () => expect(states).toContainEqual(await state()));
        seen.add(await checkpoint());
        await mirror();
        await expectExactCopy();
      }
      expect(seen.size).toBe(kind === 'lose the answer' || kind === 'stall' ? 3 : 2);
    });
  });
}

test('a commit whose answer is lost is not repeated', async () => {
  await makeChanges();
  const begin = await keepCopy();
  const { record } = await runThroughProxy(null);
  // The first one is of the look at the schema.
  const commits = record.statements.flatMap((sql, index) => (sql === 'commit' ? [index + 1] : [])).slice(1);
  expect(commits).toHaveLength(2);
  for (const [batch, at] of commits.entries()) {
    await begin();
    expect((await runThroughProxy({ at, kind: 'lose the answer' })).outcome.state).toBe('failed');
    const [copied] = await ask<{ seq: string }>('select seq from mirror_checkpoint');
    expect(Number(copied?.seq)).toBe(batch === 0 ? 7 : 9);
    const left = await mirror();
    expect(left.fromSeq).toBe(Number(copied?.seq));
    expect(left.batches).toBe(batch === 0 ? 1 : 0);
    await expectExactCopy();
  }
});

test('a slow answer within its timeout does not fail the run', async () => {
  await makeChanges();
  const { outcome } = await runThroughProxy({ at: 5, kind: 'delay', delayMs: 80 });
  expect(outcome.state).toBe('done');
  await expectExactCopy();
});

test('a run with many slow answers ends within its own timeout', async () => {
  await makeChanges();
  await ask(`create function linger() returns trigger language plpgsql as
    $$ begin perform pg_sleep(0.2); return null; end $$`);
  await ask('create trigger linger after update on mirror_checkpoint execute function linger()');
  try {
    const bound = { ...POSTGRES_TIMEOUTS, runMs: 100 };
    expect(await failToMirror(bindings, { timeouts: bound })).toBe('the run took longer than 100 ms');
  } finally {
    // Waits for the transaction that was left behind, if any.
    await ask('drop function linger() cascade');
  }
  await mirror();
  await expectExactCopy();
});

test('every statement is in a transaction and supported by Hyperdrive', async () => {
  await makeChanges();
  const { record } = await runThroughProxy(null);
  let isOpen = false;
  for (const sql of record.statements) {
    expect(sql).not.toMatch(
      /\b(listen|notify|pg_advisory|prepare|declare|temp|temporary|discard)\b|^\s*set\b/i,
    );
    if (sql === 'begin') isOpen = true;
    expect(isOpen, sql).toBe(true);
    if (sql === 'commit' || sql === 'rollback') isOpen = false;
    // A setting that outlives its transaction would be the next client's.
    expect(sql.match(/, true\)/g)?.length).toBe(sql.match(/set_config\(/g)?.length);
  }
});
