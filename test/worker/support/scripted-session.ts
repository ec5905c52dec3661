import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import * as Y from 'yjs';
import { RawSocket, frames, read, readAwareness } from './raw-socket.ts';
import { type RoomUser, createRoomUser, getRoomStub } from './room-app.ts';

export type RoomType = 'workspace' | 'document';

/** What each client got during one step, frame by frame, and what HTTP answered; equal words for equal bytes. */
export type Seen = Readonly<Record<string, readonly string[]>>;

export interface Step {
  readonly name: string;
  act(session: Session): Promise<unknown>;
}

/** The update that says nothing. */
const EMPTY_UPDATE = new Uint8Array([0, 0]);

/** One person's room with any number of named sockets in it, and everything that they are sent. */
class Session {
  readonly path: string;
  readonly owner: RoomUser;
  readonly #type: RoomType;
  readonly #sockets = new Map<string, RawSocket>();
  /** What the updates that each socket got or sent add up to. */
  readonly #has = new Map<string, Uint8Array>();
  #seen: Record<string, string[]> = {};

  private constructor(type: RoomType, owner: RoomUser) {
    this.#type = type;
    this.owner = owner;
    this.path = `/${type}s/session`;
  }

  static async begin(type: RoomType): Promise<Session> {
    return new Session(type, await createRoomUser());
  }

  get stub() {
    return getRoomStub(this.#type, this.owner.userId, 'session');
  }

  /** Opens a socket under a new name. */
  async open(name: string, who: RoomUser = this.owner): Promise<void> {
    const socket = await RawSocket.open(who, this.path);
    this.#sockets.set(name, socket);
    void socket.closed.then(({ code }) => {
      this.note(name, `closed with ${code}`);
      return this.#sockets.delete(name);
    });
  }

  send(name: string, ...sent: readonly (Uint8Array | string)[]): void {
    for (const frame of sent) {
      if (frame instanceof Uint8Array) this.#isNews(name, frame);
      this.#socket(name).send(frame);
    }
  }

  /** Sends updates, each once the one before it is stored. */
  async sendInTurn(name: string, updates: readonly Uint8Array[]): Promise<void> {
    for (const update of updates) this.#isNews(name, frames.update(update));
    for (const frame of await this.#socket(name).sendInTurn(updates)) this.#noteFrame(name, frame);
  }

  /** Closes a socket from the client's side, and waits until the room has closed it too. */
  async leave(name: string): Promise<void> {
    const socket = this.#socket(name);
    socket.socket.close(1000);
    await socket.closed;
  }

  async closed(...names: readonly string[]): Promise<void> {
    // Gone already where it was closed before anybody waited for it.
    await Promise.all(names.map(async (name) => this.#sockets.get(name)?.closed));
  }

  /** Notes the answer to an HTTP request. */
  async request(method: string, body?: Uint8Array): Promise<void> {
    const response = await this.owner.request(this.path, { method, ...(body === undefined ? {} : { body }) });
    // The body of a PUT names the time.
    const bytes = method === 'PUT' ? new Uint8Array() : new Uint8Array(await response.arrayBuffer());
    this.note('http', `${response.status} ${hex(bytes)}`);
  }

  /** Does now what the room would do some seconds later. */
  ring(): Promise<boolean> {
    return runDurableObjectAlarm(this.stub);
  }

  /** Makes the log look as if so many milliseconds had passed. */
  age(ms: number): Promise<void> {
    return runInDurableObject(this.stub, (_, { storage }) => {
      storage.sql.exec('UPDATE update_log SET at = at - ?', ms);
    });
  }

  note(name: string, what: string): void {
    (this.#seen[name] ??= []).push(what);
  }

  /** Waits until the room has handled all that was sent, and gives what came since the last time. */
  async settle(): Promise<Seen> {
    await Promise.all(
      [...this.#sockets].map(async ([name, socket]) => {
        const received = await Promise.race([socket.waitUntilHandled(), socket.closed]);
        if (Array.isArray(received)) for (const frame of received) this.#noteFrame(name, frame);
      }),
    );
    const seen = this.#seen;
    this.#seen = {};
    return seen;
  }

  #socket(name: string): RawSocket {
    const socket = this.#sockets.get(name);
    if (socket === undefined) throw new Error(`${name} has no socket`);
    return socket;
  }

  /** Notes what says something: no keep-alives, and no updates that their reader has already. */
  #noteFrame(name: string, frame: Uint8Array): void {
    const { type, update } = read(frame);
    if (type === 'awareness') {
      // The order in which clients are named says nothing.
      const about = readAwareness(frame).toSorted((one, other) => one.clientId - other.clientId);
      if (about.length > 0) this.note(name, `awareness ${JSON.stringify(about)}`);
    } else if (update !== undefined && (this.#isNews(name, frame) || type !== 'update')) {
      this.note(name, `${type} ${hex(update)}`);
    }
  }

  /** Whether a frame brings an update of which its reader, or writer, had not all. */
  #isNews(name: string, frame: Uint8Array): boolean {
    const { type, update } = read(frame);
    if (update === undefined || (type !== 'update' && type !== 'step2')) return false;
    const had = this.#has.get(name) ?? EMPTY_UPDATE;
    const has = Y.mergeUpdates([had, update]);
    this.#has.set(name, has);
    return contentOf(had) !== contentOf(has);
  }
}

/** Everything that an update says, deletions and what waits for others included. */
function contentOf(update: Uint8Array): string {
  const doc = new Y.Doc({ gc: false });
  Y.applyUpdate(doc, update);
  return hex(Y.encodeStateAsUpdate(doc));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Plays the steps, letting the room hibernate before those that `isAsleepBefore` names, and tells what everyone saw. */
export async function playSession(
  steps: readonly Step[],
  type: RoomType,
  isAsleepBefore: (index: number) => boolean,
): Promise<{ step: string; seen: Seen }[]> {
  const session = await Session.begin(type);
  const transcript: { step: string; seen: Seen }[] = [];
  for (const [index, step] of steps.entries()) {
    if (isAsleepBefore(index)) await evictDurableObject(session.stub);
    await step.act(session);
    transcript.push({ step: step.name, seen: await session.settle() });
  }
  return transcript;
}
