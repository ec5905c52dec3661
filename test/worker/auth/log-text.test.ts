import { describe, expect, it } from 'vitest';
import { describeError, describePath, getStack, redactSecrets } from '../../../src/lib/log-text.ts';

const JWT = 'eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhZGEifQ.c2lnbmF0dXJl';

describe('a text in the log', () => {
  it.each([
    [
      `Invalid callbackURL: https://app.example/x?token=${JWT}&next=/a`,
      'Invalid callbackURL: https://app.example/x?token=…&next=…',
    ],
    ['at /documents/notes?token=abc', 'at /documents/notes?token=…'],
    [`Authorization: Bearer ${JWT}`, 'Authorization: Bearer …'],
    ['Authorization: bearer 0123456789abcdefXYZ', 'Authorization: bearer …'],
    [`subprotocol bearer.${JWT}, y`, 'subprotocol bearer.…, y'],
    [`the token ${JWT} is bad`, 'the token … is bad'],
    ['connect to postgres://ada:pass@db.example:5432/x', 'connect to postgres://…@db.example:5432/x'],
    ['User not found: ada.lovelace+x@mail.example', 'User not found: …@…'],
    [`Failed query: select ?\nparams: ada@mail.example,secret`, 'Failed query: select ?'],
    [
      'D1_ERROR: UNIQUE constraint failed: user.email: SQLITE_CONSTRAINT',
      'D1_ERROR: UNIQUE constraint failed: user.email: SQLITE_CONSTRAINT',
    ],
  ])('%s', (text, logged) => {
    expect(redactSecrets(text)).toBe(logged);
  });
});

describe('an error in the log', () => {
  it('has its name, its message and those of its cause', () => {
    const cause = new TypeError(`no ?token=${JWT}`);
    expect(describeError(new Error('it failed', { cause }))).toBe(
      'Error: it failed (TypeError: no ?token=…)',
    );
    expect(describeError('only a text, of ada@mail.example')).toBe('only a text, of …@…');
  });

  it('does not quote a text that is not JSON', () => {
    let thrown: unknown;
    try {
      JSON.parse('{"password": secret}');
    } catch (error) {
      thrown = error;
    }
    expect(describeError(thrown)).toBe('SyntaxError');
    expect(describeError(new Error('the body', { cause: thrown }))).toBe('Error: the body (SyntaxError)');
  });

  it('has only the location of its stack', () => {
    const stack = getStack(new Error(`first ${JWT}\nsecond secret`)) ?? '';
    expect(stack).toMatch(/^ {4}at /);
    expect(stack).not.toMatch(/eyJ|secret/);
    expect(getStack('no error')).toBeUndefined();
  });
});

it.each([
  ['/api/account/erasure/0123456789abcdef0123456789abcdef', '/api/account/erasure/…'],
  ['/api/auth/reset-password/AbC123', '/api/auth/reset-password/…'],
  ['/users/ada%40mail.example/documents/notes', '/users/…/documents/notes'],
  ['/', '/'],
])('of the path %s only words are logged', (path, logged) => {
  expect(describePath(path)).toBe(logged);
});
