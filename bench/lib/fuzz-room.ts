import { readFileSync } from 'node:fs';
import path from 'node:path';
import { WebSocket } from 'ws';
import { PROJECT_ROOT } from '../../scripts/lib/project.ts';
import type { Mutations } from '../../test/support/mutations.ts';
import type { System, User } from '../../test/support/system.ts';
import { until } from '../../test/support/until.ts';
import { createClient } from './socket-room.ts';

interface Outcome {
  /** How often something came back: `close 4400`, `status 200`. */
  readonly counts: ReadonlyMap<string, number>;
  readonly flaws: readonly string[];
}

const CLOSES = new Set(documentedCloseCodes());
/** Inputs after which the two clients must still reach each other. */
const CHECK_EVERY = 500;
/** Attackers and HTTP requests at once. */
const AT_ONCE = 8;

/** Sends damaged inputs to a room while two clients work in it; one in five over HTTP. */
export async function fuzzRoom(
  system: System,
  user: User,
  made: Mutations,
  { path: room, inputs, random }: { path: string; inputs: number; random: () => number },
): Promise<Outcome> {
  const counts = new Map<string, number>();
  const flaws: string[] = [];
  const note = (what: string) => counts.set(what, (counts.get(what) ?? 0) + 1);
  const jwt = await system.mintJwt(user);
  const [ada, ben] = await Promise.all([createClient(system, room, jwt), createClient(system, room, jwt)]);
  const control = (client: typeof ada) => client.doc.getText('control').toJSON();
  let written = '';
  const progress = { left: inputs };

  const overSocket = async () => {
    const socket = new WebSocket(`${system.wsOrigin}${room}?token=${jwt}`);
    socket.on('error', () => note('socket error'));
    const closed = new Promise<number>((resolve) => socket.once('close', resolve));
    await Promise.race([opened(socket), closed]);
    while (socket.readyState === WebSocket.OPEN && progress.left > 0) {
      progress.left -= 1;
      socket.send(made.frame());
      // The echo of this comes after whatever the frame leads to; a close comes in its place.
      const echo = new Promise<void>((resolve) => {
        socket.on('message', function wait(data: Buffer) {
          if (data[0] !== 100 || data.length !== 2 || data[1] !== 7) return;
          socket.off('message', wait);
          resolve();
        });
      });
      socket.send(new Uint8Array([100, 7]));
      await Promise.race([echo, closed]);
      note('frames');
    }
    const leaves = socket.readyState === WebSocket.OPEN;
    socket.close();
    const code = await closed;
    note(leaves ? 'left by itself' : `close ${code}`);
    if (!leaves && !CLOSES.has(code)) flaws.push(`${room}: a socket was closed with ${code}`);
  };

  const overHttp = async () => {
    progress.left -= 1;
    const target =
      random() < 0.1 ? `/documents/${encodeURIComponent(made.body().join('')).slice(0, 300)}` : room;
    const response = await fetch(`${system.origin}${target}`, {
      method: 'POST',
      headers: {
        authorization: random() < 0.05 ? `Bearer ${made.body().join('')}` : `Bearer ${user.token}`,
        'if-none-match': random() < 0.5 ? '*' : Buffer.from(made.stateVector()).toString('base64'),
      },
      body: Uint8Array.from(made.body()),
    });
    await response.arrayBuffer();
    note(`status ${response.status}`);
    if (response.status >= 500) flaws.push(`${target}: a POST was answered with ${response.status}`);
  };

  while (progress.left > 0 && flaws.length === 0) {
    const checkAt = progress.left - CHECK_EVERY;
    while (progress.left > Math.max(0, checkAt)) {
      const batch = Array.from({ length: AT_ONCE }, () => (random() < 0.4 ? overHttp() : overSocket()));
      await Promise.all(batch);
    }
    written += `${progress.left} `;
    ada.doc.getText('control').insert(ada.doc.getText('control').length, `${progress.left} `);
    await until('the other client to hear of an edit', () => (control(ben) === written ? true : undefined));
  }
  await ada.stored();
  const fresh = await createClient(system, room, jwt);
  if (control(fresh) !== written) flaws.push(`${room}: what the clients wrote is not there any more`);
  for (const client of [ada, ben, fresh]) client.leave();
  return { counts, flaws };
}

async function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve) => socket.once('open', () => resolve()));
}

function documentedCloseCodes(): number[] {
  const protocol = readFileSync(path.join(PROJECT_ROOT, 'docs/reference/websocket.md'), 'utf8');
  return [...protocol.matchAll(/^\| (\d{4}) +\|/gm)].map(([, code]) => Number(code));
}
