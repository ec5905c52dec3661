import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { endClients, startClient } from '../support/client-version.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { removeFolder, startSystem, type System, type User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { migratedFolder } from './site.ts';

const VERSIONS = ['y-websocket-2.1', 'y-websocket-3.1', '@y/websocket'] as const;
const MAX_ROOM_BYTES = 400_000;

let folder: string;
let system: System;
let user: User;
beforeAll(async () => {
  folder = await migratedFolder();
  const env = { ROOM_MAX_BYTES: String(MAX_ROOM_BYTES) };
  system = await startSystem({ persistTo: folder, mirror: false, env });
  user = await system.signUp();
});
afterEach(endClients);
afterAll(async () => {
  await killLeftovers();
  await removeFolder(folder);
});

async function stored(path: string): Promise<string> {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, new Uint8Array(await (await system.get(user, path)).arrayBuffer()));
  return doc.getText('text').toJSON();
}

const untilStored = (path: string, text: string) =>
  until('the text to be stored', async () => ((await stored(path)) === text ? true : undefined));

describe.each(VERSIONS)('%s', (version) => {
  test('a client that replaced most of a full workspace while it was away is let in', async () => {
    const room = randomUUID();
    const path = `/workspaces/${room}`;
    const params = { token: user.jwt };
    const client = await startClient(version, `${system.wsOrigin}/workspaces`, room, { params });
    client.tell({ do: 'insert', index: 0, text: 'a'.repeat(300_000) });
    await untilStored(path, 'a'.repeat(300_000));
    client.tell({ do: 'disconnect' });
    client.tell({ do: 'delete', index: 0, length: 290_000 });
    client.tell({ do: 'insert', index: 10_000, text: 'b'.repeat(290_000) });
    client.tell({ do: 'connect' });
    await untilStored(path, `${'a'.repeat(10_000)}${'b'.repeat(290_000)}`);
    expect(client.upgrades.map(({ closed }) => closed?.code)).not.toContain(4413);
  });

  test('a client that was refused is let in once it has deleted enough', async () => {
    const room = randomUUID();
    const path = `/workspaces/${room}`;
    const params = { token: user.jwt };
    const client = await startClient(version, `${system.wsOrigin}/workspaces`, room, { params });
    client.tell({ do: 'insert', index: 0, text: 'a'.repeat(300_000) });
    await untilStored(path, 'a'.repeat(300_000));
    client.tell({ do: 'disconnect' });
    client.tell({ do: 'delete', index: 0, length: 1_000 });
    client.tell({ do: 'insert', index: 0, text: 'b'.repeat(200_000) });
    client.tell({ do: 'connect' });
    await until('the refusal', () =>
      client.upgrades.some(({ closed }) => closed?.code === 4413) ? true : undefined,
    );
    await untilStored(path, 'a'.repeat(299_000));
    client.tell({ do: 'disconnect' });
    client.tell({ do: 'delete', index: 200_000, length: 250_000 });
    client.tell({ do: 'connect' });
    await untilStored(path, `${'b'.repeat(200_000)}${'a'.repeat(49_000)}`);
  });
});
