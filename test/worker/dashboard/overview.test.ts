import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { upsertInstance } from '../../../src/registry/upsert-instance.ts';
import { report } from '../registry/reports.ts';
import { ask, newUser } from './site.ts';

describe('the overview', () => {
  it('without a session leads to the sign-in page', async () => {
    const response = await ask('/dashboard');
    expect(response.status).toBe(303);
    expect(response.headers.get('location')).toBe('/sign-in');
    expect((await ask('/')).headers.get('location')).toBe('/dashboard');
  });

  it('without rooms says how to connect a client to this very origin', async () => {
    const { cookie } = await newUser();
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    expect(page).toContain('No rooms yet');
    expect(page).toContain('wss://rooms.example/documents');
    expect(page).toContain('https://rooms.example/documents/my-first-document');
    expect(page).toContain('/api/auth/token');
    expect(page).not.toContain('<table');
  });

  it('shows the total, and how much of it is not known', async () => {
    const { id, cookie } = await newUser();
    for (const [name, storageBytes] of [
      ['small', 1_000_000],
      ['large', 3_000_000],
    ] as const) {
      // oxlint-disable-next-line no-await-in-loop
      await upsertInstance(env.DB, report(id, name, { measurement: { storageBytes, measuredAt: 1 } }));
    }
    await upsertInstance(env.DB, report(id, 'new'));
    const page = await (await ask('/dashboard', { headers: { cookie } })).text();
    expect(page).toContain('<data value="4000000" title="4,000,000 bytes">4.0 MB</data>');
    expect(page).toContain('1 not measured yet');
    expect(page).not.toContain('NaN');
  });

  it('is not rendered again for a browser whose page is still true, and is as soon as a room changes', async () => {
    const { id, cookie } = await newUser();
    const first = await ask('/dashboard', { headers: { cookie } });
    const etag = first.headers.get('etag') ?? '';
    expect(await first.text()).toContain(`<meta name="etag" content="${etag.replaceAll('"', '&quot;')}"`);
    const again = () => ask('/dashboard', { headers: { cookie, 'if-none-match': etag } });
    const quiet = await again();
    expect([quiet.status, await quiet.text()]).toEqual([304, '']);

    await upsertInstance(
      env.DB,
      report(id, 'notes', { measurement: { storageBytes: 4_096, measuredAt: 1 } }),
    );
    const changed = await again();
    expect(changed.status).toBe(200);
    expect(await changed.text()).toContain('4,096 bytes');
    expect(changed.headers.get('etag')).not.toBe(etag);
  });
});
