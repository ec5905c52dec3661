import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import * as Y from 'yjs';
import { endClients, type RunningClient, startClient } from '../support/client-version.ts';
import { killLeftovers } from '../support/dev-process.ts';
import { removeFolder, startSystem, type System, type User } from '../support/system.ts';
import { until } from '../support/until.ts';
import { migratedFolder } from './site.ts';

/** Two that reconnect after every close, one of them of Yjs 14, and one that stops. */
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

/** A client in a room of its own. */
class Writer {
  readonly client: RunningClient;
  readonly #path: string;

  private constructor(client: RunningClient, path: string) {
    this.client = client;
    this.#path = path;
  }

  /** One that has written 300,000 characters, which are stored. */
  static async start(version: (typeof VERSIONS)[number], type: 'workspaces' | 'documents'): Promise<Writer> {
    const room = randomUUID();
    const params = { token: user.jwt };
    const client = await startClient(version, `${system.wsOrigin}/${type}`, room, { params });
    const writer = new Writer(client, `/${type}/${room}`);
    client.send({ do: 'insert', index: 0, text: 'a'.repeat(300_000) });
    await writer.untilStored('a'.repeat(300_000));
    return writer;
  }

  /** What it does while it is away, it sends as one update. */
  away(...edits: Parameters<RunningClient['send']>[0][]): void {
    for (const command of [{ do: 'disconnect' } as const, ...edits, { do: 'connect' } as const])
      this.client.send(command);
  }

  async untilStored(text: string): Promise<void> {
    await until('the text to be stored', async () => ((await this.#stored()) === text ? true : undefined));
  }

  /** @returns the reason */
  async untilRefused(): Promise<string> {
    return until(
      'the refusal',
      () => this.client.upgrades.find(({ closed }) => closed?.code === 4413)?.closed?.reason,
    );
  }

  async #stored(): Promise<string> {
    const response = await system.get(user, this.#path);
    // The client has not connected yet.
    if (response.status === 404) return '';
    expect(response.status).toBe(200);
    const doc = new Y.Doc();
    Y.applyUpdate(doc, new Uint8Array(await response.arrayBuffer()));
    return doc.getText('text').toJSON();
  }
}

describe.each(VERSIONS)('%s', (version) => {
  test('a client that replaced most of a full workspace offline is accepted', async () => {
    const writer = await Writer.start(version, 'workspaces');
    writer.away(
      { do: 'delete', index: 0, length: 290_000 },
      { do: 'insert', index: 10_000, text: 'b'.repeat(290_000) },
    );
    await writer.untilStored(`${'a'.repeat(10_000)}${'b'.repeat(290_000)}`);
    expect(writer.client.upgrades.map(({ closed }) => closed?.code)).not.toContain(4413);
  });

  test('a client that a full workspace refused is accepted after it has deleted enough', async () => {
    const writer = await Writer.start(version, 'workspaces');
    writer.away(
      { do: 'delete', index: 0, length: 1_000 },
      { do: 'insert', index: 0, text: 'b'.repeat(200_000) },
    );
    expect(await writer.untilRefused()).toContain('Delete content');
    await writer.untilStored('a'.repeat(299_000));
    writer.away({ do: 'delete', index: 200_000, length: 250_000 });
    await writer.untilStored(`${'b'.repeat(200_000)}${'a'.repeat(49_000)}`);
  });

  test('a client that a full document refused is accepted after it has deleted its unstored edits', async () => {
    const writer = await Writer.start(version, 'documents');
    writer.away(
      { do: 'delete', index: 0, length: 250_000 },
      { do: 'insert', index: 0, text: 'b'.repeat(200_000) },
    );
    // A document keeps what is deleted: that makes no space.
    expect(await writer.untilRefused()).toContain('move content to another room');
    await writer.untilStored('a'.repeat(50_000));
    writer.away({ do: 'delete', index: 0, length: 199_000 });
    await writer.untilStored(`${'b'.repeat(1_000)}${'a'.repeat(50_000)}`);
  });
});
