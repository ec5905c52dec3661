import { randomUUID } from 'node:crypto';
import { afterEach, describe, expect, inject, test } from 'vitest';
import { CLIENT_VERSIONS } from '../clients/messages.ts';
import { endClients, startClient } from '../support/client-version.ts';
import { siteAt } from '../support/system.ts';
import { until } from '../support/until.ts';

const site = siteAt(inject('siteOrigin'));

afterEach(endClients);

describe.each(CLIENT_VERSIONS)('%s', (version) => {
  test('an unmodified client exchanges edits with a client of y-websocket 3.1', async () => {
    const user = await site.signUp();
    const room = randomUUID();
    const serverUrl = `${site.wsOrigin}/documents`;
    const params = { token: user.jwt };
    const client = await startClient(version, serverUrl, room, { params, text: 'offline' });
    const peer = await startClient('y-websocket-3.1', serverUrl, room, { params });
    await Promise.all([client.synced(), peer.synced()]);
    await until('the text written offline', async () =>
      (await peer.read()) === 'offline' ? true : undefined,
    );
    peer.send({ do: 'insert', index: 0, text: 'not ' });
    await until('the text of the peer', async () =>
      (await client.read()) === 'not offline' ? true : undefined,
    );
    expect(client.upgrades).toHaveLength(1);
  });
});
