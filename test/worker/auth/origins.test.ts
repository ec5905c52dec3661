import { describe, expect, test } from 'vitest';
import { getTrustedOrigins } from '../../../src/auth/identity/origins.ts';

describe('trusted origins', () => {
  test('are the values of TRUSTED_ORIGINS in order', () => {
    const TRUSTED_ORIGINS = ' https://a.example,http://localhost:5173 ,, https://b.example:8443';
    expect(getTrustedOrigins({ TRUSTED_ORIGINS })).toEqual([
      'https://a.example',
      'http://localhost:5173',
      'https://b.example:8443',
    ]);
    expect(getTrustedOrigins({})).toEqual([]);
    expect(getTrustedOrigins({ TRUSTED_ORIGINS: '' })).toEqual([]);
  });

  test.each([
    '*',
    'null',
    'a.example',
    'https://*.example',
    'https://?.example',
    'https://a.example/',
    'https://a.example/path',
    'https://user@a.example',
    'https://A.example',
    'https://a.example:443',
    'file:///',
    'chrome-extension://abc',
  ])('%s is not an exact origin and not trusted', (origin) => {
    expect(getTrustedOrigins({ TRUSTED_ORIGINS: `${origin},https://b.example` })).toEqual([
      'https://b.example',
    ]);
  });
});
