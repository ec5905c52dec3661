import { env } from 'cloudflare:workers';
import { expect, it, vi } from 'vitest';
import { ask, newUser } from './site.ts';

it('an unreadable registry is an error page without internal details', async () => {
  const { cookie } = await newUser();
  await env.DB.exec('ALTER TABLE durable_object_instance RENAME TO elsewhere');
  const response = await ask('/dashboard', { headers: { cookie } });
  await env.DB.exec('ALTER TABLE elsewhere RENAME TO durable_object_instance');
  const page = await response.text();
  expect(response.status).toBe(500);
  expect(response.headers.get('content-type')).toContain('text/html');
  expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
  expect(response.headers.get('cache-control')).toBe('private, no-store');
  expect(page).toContain('Something failed');
  expect(page).not.toMatch(/D1|SQL|durable_object_instance/);
});

it('a failed page is logged with its path, without names', async () => {
  const { cookie } = await newUser();
  const log = vi.spyOn(console, 'error').mockImplementation(() => {});
  await env.DB.exec('ALTER TABLE durable_object_instance RENAME TO elsewhere');
  await ask('/dashboard/documents/a%E2%80%AEb', { headers: { cookie } });
  await env.DB.exec('ALTER TABLE elsewhere RENAME TO durable_object_instance');
  expect(log.mock.calls).toContainEqual([
    expect.objectContaining({ event: 'page_failed', path: '/dashboard/documents/…' }),
  ]);
  log.mockRestore();
});
