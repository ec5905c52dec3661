import { evictDurableObject } from 'cloudflare:test';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDoName } from '../../../../src/domain/do-name.ts';
import { createRoomAddress } from '../../../../src/domain/room-address.ts';
import { createDocWithText, createRoomUser, getRoomStub, syncOverHttp } from '../../support/room-app.ts';
import { RawSocket } from '../../support/raw-socket.ts';

const address = (userId: string, type: 'workspace' | 'document', name: string) => {
  const addressed = createRoomAddress(userId, type, encodeURIComponent(name));
  if (!addressed.ok) throw new Error(addressed.detail);
  return addressed.address;
};

/** Names and ids of separators, escapes and terminators. */
const craftedName = fc
  .array(
    fc.constantFrom(':', '/', '%', '%3A', '%25', 'user', 'document', 'workspace', '.', '..', 'é', '🙂', 'a'),
    {
      minLength: 1,
      maxLength: 8,
    },
  )
  .map((parts) => parts.join(''));

describe('a room’s name', () => {
  it('is unique for its user, type and resource, also with crafted ids and names', () => {
    const type = fc.constantFrom('workspace' as const, 'document' as const);
    const triple = fc.tuple(craftedName, type, craftedName);
    fc.assert(
      fc.property(triple, triple, (one, two) => {
        const same = one.every((part, index) => part === two[index]);
        expect(address(...one).doName === address(...two).doName).toBe(same);
      }),
      { numRuns: 2_000 },
    );
  });

  it('parses back to its user, type and resource', () => {
    fc.assert(
      fc.property(craftedName, craftedName, (userId, name) => {
        expect(parseDoName(address(userId, 'document', name).doName)).toEqual(
          address(userId, 'document', name),
        );
      }),
    );
  });

  it.each([
    ['empty', ''],
    ['over 256 bytes', encodeURIComponent('é'.repeat(129))],
    ['with a control character', 'a%00b'],
    ['with a C1 control character', encodeURIComponent('a\u0085b')],
    ['not UTF-8', '%ff%fe'],
    ['cut inside an escape', '%e2%8'],
    ['a lone percent sign', '100%'],
  ])('%s is refused', (_, encoded) => {
    expect(createRoomAddress('u', 'document', encoded).ok).toBe(false);
  });

  it('of exactly 256 bytes in any script is accepted', () => {
    for (const name of ['é'.repeat(128), '🙂'.repeat(64), 'ab c/d:e%f?g#h', 'שלום', '文書']) {
      expect(address('u', 'document', name).resourceName).toBe(name);
    }
  });

  it('is refused if the object’s name would exceed the platform’s limit', () => {
    expect(createRoomAddress('é'.repeat(128), 'document', encodeURIComponent('é'.repeat(128))).ok).toBe(
      false,
    );
  });
});

describe('over HTTP and WebSocket', () => {
  it.each(['a/b', 'a:b', 'a%b', 'a%2Fb', 'user:x:document:y', '../../documents/secret', 'a?b#c', '🙂', ' '])(
    'the name %j addresses one room of one owner',
    async (name) => {
      const [owner, other] = [await createRoomUser(), await createRoomUser()];
      const path = `/documents/${encodeURIComponent(name)}`;
      await syncOverHttp(owner, path, createDocWithText('mine'));
      expect((await owner.request(path)).status).toBe(200);
      expect((await other.request(path)).status).toBe(404);
    },
  );

  it('a user id crafted like another user’s path does not reach that user’s room', async () => {
    const victim = await createRoomUser({ userId: `victim-${crypto.randomUUID()}` });
    await syncOverHttp(victim, '/documents/secret', createDocWithText('secret'));
    for (const userId of [
      `${victim.userId}:document:secret`,
      `${victim.userId}%3Adocument%3Asecret`,
      `user:${victim.userId}`,
      `x/../${victim.userId}`,
    ]) {
      const attacker = await createRoomUser({ userId });
      for (const name of [
        'secret',
        `../${victim.userId}/secret`,
        `user:${victim.userId}:document:secret`,
        ':secret',
      ]) {
        const response = await attacker.request(`/documents/${encodeURIComponent(name)}`);
        expect(response.status, `${userId} → ${name}`).toBe(404);
      }
    }
  });

  it('a malformed name answers 400 or 4400 without starting an object', async () => {
    const user = await createRoomUser();
    for (const name of ['a%00b', '%ff', encodeURIComponent('x'.repeat(257))]) {
      expect((await user.request(`/documents/${name}`, { method: 'PUT' })).status).toBe(400);
      expect((await (await RawSocket.open(user, `/documents/${name}`)).closed).code).toBe(4400);
    }
    // An object that was never started cannot be evicted.
    await expect(evictDurableObject(getRoomStub('document', user.userId, 'a\u0000b'))).rejects.toThrow();
  });
});
