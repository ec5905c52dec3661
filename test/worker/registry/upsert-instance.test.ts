import { env } from 'cloudflare:workers';
import { beforeEach, describe, expect, it } from 'vitest';
import { ACCESS_INTERVAL_MS, MEASUREMENT_INTERVAL_MS } from '../../../src/registry/intervals.ts';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { changeNumbers, deleteUser, report, readRow, rowsWrittenBy, signUp, T0 } from './reports.ts';

const measured = (storageBytes: number, measuredAt: number) => ({ storageBytes, measuredAt });

let user: string;
beforeEach(async () => {
  user = await signUp();
});

describe('an access without a measurement', () => {
  it('creates an unmeasured row if there is none', async () => {
    const first = report(user, 'notes');
    expect(await upsertInstance(env.DB, first)).toBe('written');
    expect(await readRow(first.doName)).toEqual({
      do_name: first.doName,
      do_id: first.doId,
      user_id: user,
      do_type: 'document',
      resource_name: 'notes',
      storage_bytes: null,
      created_at: T0,
      last_accessed_at: T0,
      storage_measured_at: null,
      seq: expect.any(Number),
    });
  });

  it('changes only last_accessed_at and the change number', async () => {
    const first = report(user, 'notes', { measurement: measured(8_192, T0) });
    await upsertInstance(env.DB, first);
    const before = await readRow(first.doName);
    const accessedAt = T0 + ACCESS_INTERVAL_MS;
    await upsertInstance(env.DB, report(user, 'notes', { accessedAt }));
    const after = await readRow(first.doName);
    expect(after).toEqual({ ...before, last_accessed_at: accessedAt, seq: after?.seq });
    expect(after?.seq).toBeGreaterThan(before?.seq ?? Infinity);
  });
});

describe('a measurement', () => {
  it('is written to an unmeasured row, whenever it was taken', async () => {
    const { doName } = report(user, 'notes');
    await upsertInstance(env.DB, report(user, 'notes'));
    await upsertInstance(env.DB, report(user, 'notes', { measurement: measured(8_192, T0 - 5) }));
    expect(await readRow(doName)).toMatchObject({ storage_bytes: 8_192, storage_measured_at: T0 - 5 });
  });

  it('of another size is always written at once', async () => {
    const { doName } = report(user, 'notes');
    await upsertInstance(env.DB, report(user, 'notes', { measurement: measured(8_192, T0) }));
    await upsertInstance(env.DB, report(user, 'notes', { measurement: measured(4_096, T0 + 1) }));
    expect(await readRow(doName)).toMatchObject({ storage_bytes: 4_096, storage_measured_at: T0 + 1 });
  });

  it('taken earlier than the recorded one changes no size, even with a later access', async () => {
    const { doName } = report(user, 'notes');
    await upsertInstance(env.DB, report(user, 'notes', { measurement: measured(8_192, T0 + 10) }));
    const accessedAt = T0 + 2 * ACCESS_INTERVAL_MS;
    await upsertInstance(env.DB, report(user, 'notes', { accessedAt, measurement: measured(4_096, T0 + 9) }));
    expect(await readRow(doName)).toMatchObject({
      storage_bytes: 8_192,
      storage_measured_at: T0 + 10,
      last_accessed_at: accessedAt,
    });
  });

  it('with an earlier access does not change the access', async () => {
    const { doName } = report(user, 'notes');
    await upsertInstance(env.DB, report(user, 'notes', { accessedAt: T0 + 500 }));
    await upsertInstance(env.DB, report(user, 'notes', { accessedAt: T0, measurement: measured(8_192, T0) }));
    expect(await readRow(doName)).toMatchObject({ storage_bytes: 8_192, last_accessed_at: T0 + 500 });
  });
});

describe('cost', () => {
  it('a new room costs four rows written, a change two, and a new size one more', async () => {
    expect(await rowsWrittenBy(report(user, 'notes'))).toBe(4);
    expect(await rowsWrittenBy(report(user, 'notes', { measurement: measured(8_192, T0) }))).toBe(3);
    expect(await rowsWrittenBy(report(user, 'notes', { accessedAt: T0 + ACCESS_INTERVAL_MS }))).toBe(2);
    expect(await rowsWrittenBy(report(user, 'notes', { createdAt: T0 + 1 }))).toBe(3);
    expect(await rowsWrittenBy(report(user, 'plan', { measurement: measured(8_192, T0) }))).toBe(5);
  });

  it('an unchanged report costs no row written', async () => {
    const known = report(user, 'notes', { accessedAt: T0 + 9, measurement: measured(8_192, T0 + 9) });
    await upsertInstance(env.DB, known);
    const numbers = await changeNumbers();
    const nothingNew = {
      'the same report again': known,
      'an earlier access': { ...known, accessedAt: T0, measurement: null },
      'an access within the interval': {
        ...known,
        accessedAt: T0 + 8 + ACCESS_INTERVAL_MS,
        measurement: null,
      },
      'another size, measured at the same time': { ...known, measurement: measured(4_096, T0 + 9) },
      'another size, measured earlier': { ...known, measurement: measured(4_096, T0 + 8) },
      'the same size within the interval': {
        ...known,
        measurement: measured(8_192, T0 + 8 + MEASUREMENT_INTERVAL_MS),
      },
      'an earlier incarnation': {
        ...known,
        createdAt: T0 - 1,
        accessedAt: T0 + 10 * ACCESS_INTERVAL_MS,
        measurement: measured(4_096, T0 + 10 * ACCESS_INTERVAL_MS),
      },
    };
    for (const [what, again] of Object.entries(nothingNew)) {
      // In this order, on one row.
      // oxlint-disable-next-line no-await-in-loop
      expect(await rowsWrittenBy(again), what).toBe(0);
    }
    expect(await upsertInstance(env.DB, known)).toBe('unchanged');
    expect(await readRow(known.doName)).toMatchObject({ storage_bytes: 8_192, last_accessed_at: T0 + 9 });
    expect(await changeNumbers()).toEqual(numbers);
  });

  it('an equal size is written again after the interval', async () => {
    const { doName } = report(user, 'notes');
    await upsertInstance(env.DB, report(user, 'notes', { measurement: measured(8_192, T0) }));
    const measuredAt = T0 + MEASUREMENT_INTERVAL_MS;
    expect(await rowsWrittenBy(report(user, 'notes', { measurement: measured(8_192, measuredAt) }))).toBe(2);
    expect(await readRow(doName)).toMatchObject({ storage_bytes: 8_192, storage_measured_at: measuredAt });
  });

  it('a thousand syncs of one growing room cost a handful of rows written', async () => {
    const statements = Array.from({ length: 1_000 }, (_, edit) => {
      const at = T0 + edit * 59;
      return report(user, 'hot', {
        accessedAt: at,
        measurement: measured(8_192 + 4_096 * Math.floor(edit / 400), at),
      });
    });
    let rowsWritten = 0;
    // oxlint-disable-next-line no-await-in-loop
    for (const statement of statements) rowsWritten += await rowsWrittenBy(statement);
    expect(rowsWritten).toBe(5 + 3 + 3);
  });
});

describe('incarnations', () => {
  it('a later incarnation replaces the whole row, even without a measurement', async () => {
    const { doName } = report(user, 'notes');
    await upsertInstance(
      env.DB,
      report(user, 'notes', { accessedAt: T0 + 900, measurement: measured(8_192, T0 + 900) }),
    );
    const doId = 'cd'.repeat(32);
    await upsertInstance(env.DB, report(user, 'notes', { doId, createdAt: T0 + 100, accessedAt: T0 + 100 }));
    expect(await readRow(doName)).toMatchObject({
      do_id: doId,
      created_at: T0 + 100,
      last_accessed_at: T0 + 100,
      storage_bytes: null,
      storage_measured_at: null,
    });
  });
});

describe('a user without a row', () => {
  it('gets no row, and no error', async () => {
    const unknownUsers = report('unknown', 'notes', { measurement: measured(8_192, T0) });
    expect(await upsertInstance(env.DB, unknownUsers)).toBe('unchanged');
    expect(await readRow(unknownUsers.doName)).toBeNull();
  });

  it('that was deleted gets no row from a late report', async () => {
    const late = report(user, 'notes');
    await upsertInstance(env.DB, late);
    await deleteUser(user);
    expect(await upsertInstance(env.DB, { ...late, accessedAt: T0 + 2 * ACCESS_INTERVAL_MS })).toBe(
      'unchanged',
    );
    expect(await readRow(late.doName)).toBeNull();
  });
});
