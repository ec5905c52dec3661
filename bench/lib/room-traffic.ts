import { setTimeout as sleep } from 'node:timers/promises';
import * as encoding from 'lib0/encoding';
import { WebSocket } from 'ws';
import { EMPTY_STEP_2, isStep1, createStep1, createUpdateFrame } from '../../test/conformance/frames.ts';
import type { System, User } from '../../test/support/system.ts';
import type { LargeDocument } from './large-documents.ts';

/** What went over the wire. */
export interface Traffic {
  /** By all clients together, in bytes. */
  readonly received: number;
  /** By a client that was there and asked for nothing, in bytes; `null` where none was. */
  readonly bystander: number | null;
  /** The largest frame or body, in bytes. */
  readonly largest: number;
}

/** Below the room's limit (`ROOM_MAX_MESSAGES_PER_SECOND`), and frames on the way at a time. */
const FRAMES_A_SECOND = 4_500;
const ON_THE_WAY = 500;

const EVERYTHING = new Uint8Array([0]);
const NOTHING = new Uint8Array();

/** Sends a document's updates over one socket, as its client would; settles once all of it is stored. */
export async function write(system: System, user: User, room: string, doc: LargeDocument): Promise<Traffic> {
  const socket = await open(system, room, await system.mintJwt(user));
  const startedAt = Date.now();
  for (const [index, update] of doc.updates.entries()) {
    socket.send(createUpdateFrame(update));
    if ((index + 1) % ON_THE_WAY !== 0 && update.byteLength < 100_000) continue;
    await stored(socket);
    const earliest = startedAt + (index / FRAMES_A_SECOND) * 1_000;
    await new Promise((resolve) => setTimeout(resolve, earliest - Date.now()));
  }
  await stored(socket);
  socket.close();
  return { received: 0, bystander: null, largest: 0 };
}

/** So many clients, who have nothing, join at the same time, while one more is there and asks for nothing. */
export async function join(system: System, user: User, room: string, clients: number): Promise<Traffic> {
  const jwt = await system.mintJwt(user);
  let bystander = 0;
  const idle = await open(system, room, jwt);
  idle.on('message', (data: Buffer) => (bystander += data.byteLength));
  const sockets = await Promise.all(Array.from({ length: clients }, () => open(system, room, jwt)));
  const sizes = await Promise.all(sockets.map(takeState));
  for (const socket of [idle, ...sockets]) socket.terminate();
  return {
    received: sizes.flat().reduce((sum, size) => sum + size, 0),
    bystander,
    largest: Math.max(...sizes.flat()),
  };
}

/** How often a client that does not read asks, and how long the room has to answer. */
const ASKED = 120;
const ANSWERED_WITHIN_MS = 5_000;

/** Clients that have nothing ask again and again for all there is, and read none of it. */
export async function stall(system: System, user: User, room: string, clients: number): Promise<Traffic> {
  const jwt = await system.mintJwt(user);
  const sockets = await Promise.all(Array.from({ length: clients }, () => open(system, room, jwt)));
  for (const socket of sockets) {
    socket.pause();
    for (let asked = 0; asked < ASKED; asked++) socket.send(createStep1(EVERYTHING));
  }
  await sleep(ANSWERED_WITHIN_MS);
  for (const socket of sockets) socket.terminate();
  return { received: 0, bystander: null, largest: 0 };
}

export async function get(system: System, user: User, room: string): Promise<Traffic> {
  return received(await system.get(user, room));
}

/** One HTTP sync; without a state vector, of a client that has nothing. */
export async function post(
  system: System,
  user: User,
  room: string,
  { stateVector = NOTHING, update = NOTHING }: { stateVector?: Uint8Array; update?: Uint8Array },
): Promise<Traffic> {
  const body = encoding.encode((encoder) => {
    encoding.writeVarUint8Array(encoder, stateVector);
    encoding.writeVarUint8Array(encoder, update);
  });
  const headers = { authorization: `Bearer ${user.token}` };
  return received(
    await fetch(`${system.origin}${room}`, { method: 'POST', body: new Uint8Array(body), headers }),
  );
}

async function received(response: Response): Promise<Traffic> {
  if (!response.ok) throw new Error(`answered with ${response.status}: ${await response.text()}`);
  const { byteLength } = await response.arrayBuffer();
  return { received: byteLength, bystander: null, largest: byteLength };
}

async function open(system: System, room: string, jwt: string): Promise<WebSocket> {
  const socket = new WebSocket(`${system.wsOrigin}${room}?token=${jwt}`, { maxPayload: 0 });
  await new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  return socket;
}

/** Settles once all that was sent over a socket is stored (docs/reference/websocket.md, `SYNC_STATUS`). */
async function stored(socket: WebSocket): Promise<void> {
  await messagesUntil(socket, new Uint8Array([100]), (data) => data[0] === 100);
}

/** The sizes of the frames of a room's answer to a client that has nothing. */
async function takeState(socket: WebSocket): Promise<number[]> {
  return messagesUntil(socket, createStep1(EVERYTHING), (data) => data[0] === 0 && data[1] === 1);
}

/** Sends a frame; gives the sizes of those that come until the last one. */
async function messagesUntil(
  socket: WebSocket,
  frame: Uint8Array,
  isLast: (data: Buffer) => boolean,
): Promise<number[]> {
  const sizes: number[] = [];
  return new Promise((resolve, reject) => {
    const onClose = (code: number) => reject(new Error(`the room closed a socket with ${code}`));
    const onMessage = (data: Buffer) => {
      sizes.push(data.byteLength);
      if (isStep1(data)) socket.send(EMPTY_STEP_2);
      if (!isLast(data)) return;
      socket.off('message', onMessage);
      socket.off('close', onClose);
      resolve(sizes);
    };
    socket.on('message', onMessage);
    socket.once('close', onClose);
    socket.send(frame);
  });
}
