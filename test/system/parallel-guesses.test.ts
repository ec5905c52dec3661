import { describe, expect, test } from 'vitest';
import type { User } from '../support/system.ts';
import { site } from './site.ts';

const GUESSES = 60;
const MAX_OF_ACCOUNT = 10;

/** Sends all guesses at once. @returns how many had their password verified */
async function verified(route: string, body: unknown, { token }: User): Promise<number> {
  const statuses = await Promise.all(
    Array.from({ length: GUESSES }, async () => {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      return (await fetch(`${site.origin}/api/auth${route}`, init)).status;
    }),
  );
  expect(statuses.filter((status) => ![400, 401, 429].includes(status))).toEqual([]);
  return statuses.filter((status) => status !== 429).length;
}

describe('sixty wrong passwords at once', () => {
  test.each<[string, (user: User) => Readonly<Record<string, string>>]>([
    ['/sign-in/email', ({ email }) => ({ email, password: 'wrong password' })],
    ['/verify-password', () => ({ password: 'wrong password' })],
    ['/change-password', () => ({ currentPassword: 'wrong password', newPassword: 'another password' })],
    ['/delete-user', () => ({ password: 'wrong password' })],
  ])('to %s have ten of them verified', async (route, body) => {
    const user = await site.signUp();
    expect(await verified(route, body(user), user)).toBe(MAX_OF_ACCOUNT);
  });
});
