import { env } from 'cloudflare:workers';
import { describe, expect, it } from 'vitest';
import { upsertInstance } from '../../../src/registry/write/upsert-instance.ts';
import { report } from '../registry/reports.ts';
import { ask, newUser, send } from './site.ts';

const CSP =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** One of each kind of page. */
async function pages(): Promise<[string, Response][]> {
  const { id, cookie } = await newUser();
  const empty = await newUser();
  await upsertInstance(env.DB, report(id, 'notes', { measurement: { storageBytes: 4_096, measuredAt: 1 } }));
  return [
    ['sign in', await ask('/sign-in')],
    ['sign up', await ask('/sign-up')],
    ['sign in, refused', await send('/sign-in', { email: 'x', password: 'y' })],
    ['foreign form', await send('/sign-in', {}, { origin: 'https://evil.example' })],
    ['too large', await send('/sign-in', { filler: 'x'.repeat(17_000) })],
    ['overview', await ask('/dashboard', { headers: { cookie } })],
    ['overview without rooms', await ask('/dashboard', { headers: { cookie: empty.cookie } })],
    ['rooms', await ask('/dashboard/rooms', { headers: { cookie } })],
    ['no such page', await ask('/dashboard/nothing', { headers: { cookie } })],
  ];
}

describe('every page', () => {
  it('has the strict policy, is never stored and has no inline code', async () => {
    for (const [name, response] of await pages()) {
      expect(response.headers.get('content-security-policy'), name).toBe(CSP);
      expect(response.headers.get('cache-control'), name).toBe('private, no-store');
      expect(response.headers.get('x-content-type-options'), name).toBe('nosniff');
      expect(response.headers.get('referrer-policy'), name).toBe('same-origin');
      expect(response.headers.get('content-type'), name).toBe('text/html; charset=UTF-8');
      // Each page in turn.
      // oxlint-disable-next-line no-await-in-loop
      const html = await response.text();
      expect(html, name).toMatch(/^<!doctype html><html lang="en">/);
      expect(html, name).not.toMatch(
        /<script(?! type="module" src="\/assets\/)|<style|\sstyle=|\son[a-z]+=|javascript:/i,
      );
      expect(html.match(/<h1/g), name).toHaveLength(1);
    }
  });

  it('labels each input and has unique ids', async () => {
    for (const [name, response] of await pages()) {
      // oxlint-disable-next-line no-await-in-loop
      const html = await response.text();
      const ids = [...html.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
      expect(new Set(ids).size, name).toBe(ids.length);
      for (const [, id] of html.matchAll(/<input id="([^"]+)"/g)) {
        expect(html, name).toContain(`<label for="${id}">`);
      }
      for (const [, list] of html.matchAll(/aria-(?:describedby|labelledby)="([^"]+)"/g)) {
        for (const id of list?.split(' ') ?? []) expect(ids, name).toContain(id);
      }
    }
  });
});
