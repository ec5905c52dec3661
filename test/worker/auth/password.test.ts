import { describe, expect, test } from 'vitest';
import { hashPassword, verifyPassword } from '../../../src/auth/passwords/password.ts';

describe('password hashes', () => {
  test('a password verifies only against its own hash', async () => {
    const hash = await hashPassword('correct horse');
    expect(await verifyPassword({ hash, password: 'correct horse' })).toBe(true);
    expect(await verifyPassword({ hash, password: 'correct horse ' })).toBe(false);
    expect(await verifyPassword({ hash, password: '' })).toBe(false);
  });

  test('the same password gets different hashes', async () => {
    expect(await hashPassword('correct horse')).not.toBe(await hashPassword('correct horse'));
  });

  test('different encodings of the same characters are one password', async () => {
    const hash = await hashPassword('\u00e9t\u00e9 passe');
    expect(await verifyPassword({ hash, password: 'e\u0301te\u0301 passe' })).toBe(true);
  });

  test('a hash of another cost still verifies', async () => {
    // The third test vector of RFC 7914, 12: its own cost and length.
    const key = Buffer.from(
      '7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2' +
        'd5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887',
      'hex',
    );
    const salt = Buffer.from('SodiumChloride');
    const hash = `scrypt$16384$8$1$${salt.toString('base64url')}$${key.toString('base64url')}`;
    expect(await verifyPassword({ hash, password: 'pleaseletmein' })).toBe(true);
    expect(await verifyPassword({ hash, password: 'pleaseletmeout' })).toBe(false);
  });

  test.each([
    '',
    'scrypt',
    'plain text',
    'scrypt$16384$8$5$c2FsdA$a2V5',
    `scrypt$16383$8$5$${'a'.repeat(22)}$${'a'.repeat(43)}`,
    `scrypt$1048576$8$1$${'a'.repeat(22)}$${'a'.repeat(43)}`,
    `scrypt$16384$99$1$${'a'.repeat(22)}$${'a'.repeat(43)}`,
    `scrypt$16384$8$0$${'a'.repeat(22)}$${'a'.repeat(43)}`,
  ])('the damaged hash %j verifies nothing and costs no work', async (hash) => {
    expect(await verifyPassword({ hash, password: 'correct horse' })).toBe(false);
  });
});
