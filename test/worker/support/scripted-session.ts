import { evictDurableObject, runDurableObjectAlarm, runInDurableObject } from 'cloudflare:test';
import * as Y from 'yjs';
import { RawSocket, frames, read, readAwareness } from './raw-socket.ts';
import { type RoomUser, createRoomUser, getRoomStub } from './room-app.ts';

export type RoomType = 'workspace' | 'document';

/** The frames and HTTP responses that each client received during one step, as text. */
export type Seen = Readonly<Record<string, readonly string[]>>;

export interface Step {
  readonly name: string;
  act(session: Session): Promise<unknown>;
}

/** An update without content. */
const EMPTY_UPDATE = new Uint8Array([0, 0]);

/** A room with named sockets, which records all that they receive. */
class Session {
  readonly path: string;
  readonly owner: RoomUser;
  readonly #type: RoomType;
  readonly #sockets = new Map<string, RawSocket>();
  /** The merged updates that each socket received or sent. */
  readonly #merged = new Map<string, Uint8Array>();
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
      this.record(name, `closed with ${code}`);
      return this.#sockets.delete(name);
    });
  }

  send(name: string, ...sent: readonly (Uint8Array | string)[]): void {
    for (const frame of sent) {
      if (frame instanceof Uint8Array) this.#addUpdate(name, frame);
      this.#socket(name).send(frame);
    }
  }

  /** Sends updates, each after the previous is stored. */
  async sendInTurn(name: string, updates: readonly Uint8Array[]): Promise<void> {
    for (const update of updates) this.#addUpdate(name, frames.update(update));
    for (const frame of await this.#socket(name).sendInTurn(updates)) this.#recordFrame(name, frame);
  }

  /** Closes a socket from the client's side, and waits until the room has closed it too. */
  async leave(name: string): Promise<void> {
    const socket = this.#socket(name);
    socket.socket.close(1000);
    await socket.closed;
  }

  async closed(...names: readonly string[]): Promise<void> {
    // The socket may have closed before this call.
    await Promise.all(names.map(async (name) => this.#sockets.get(name)?.closed));
  }

  /** Records the response to an HTTP request. */
  async request(method: string, body?: Uint8Array): Promise<void> {
    const response = await this.owner.request(this.path, { method, ...(body === undefined ? {} : { body }) });
    // The body of a PUT contains the time.
    const bytes = method === 'PUT' ? new Uint8Array() : new Uint8Array(await response.arrayBuffer());
    this.record('http', `${response.status} ${hex(bytes)}`);
  }

  /** Runs the room's alarm now. */
  runAlarm(): Promise<boolean> {
    return runDurableObjectAlarm(this.stub);
  }

  /** Makes the log `ms` milliseconds older. */
  ageLog(ms: number): Promise<void> {
    return runInDurableObject(this.stub, (_, { storage }) => {
      storage.sql.exec('UPDATE update_log SET at = at - ?', ms);
    });
  }

  record(name: string, what: string): void {
    (this.#seen[name] ??= []).push(what);
  }

  /** Waits until the room has handled all sent frames. @returns what was received since the last call */
  async settle(): Promise<Seen> {
    await Promise.all(
      [...this.#sockets].map(async ([name, socket]) => {
        const received = await Promise.race([socket.waitUntilHandled(), socket.closed]);
        if (Array.isArray(received)) for (const frame of received) this.#recordFrame(name, frame);
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

  /** Records frames except keep-alives and updates that the socket already has. */
  #recordFrame(name: string, frame: Uint8Array): void {
    const { type, update } = read(frame);
    if (type === 'awareness') {
      // The order of entries has no meaning.
      const about = readAwareness(frame).toSorted((one, other) => one.clientId - other.clientId);
      if (about.length > 0) this.record(name, `awareness ${JSON.stringify(about)}`);
    } else if (update !== undefined && (this.#addUpdate(name, frame) || type !== 'update')) {
      this.record(name, `${type} ${hex(update)}`);
    }
  }

  /** Whether a frame contains an update that the socket does not completely have. */
  #addUpdate(name: string, frame: Uint8Array): boolean {
    const { type, update } = read(frame);
    if (update === undefined || (type !== 'update' && type !== 'step2')) return false;
    const had = this.#merged.get(name) ?? EMPTY_UPDATE;
    const has = Y.mergeUpdates([had, update]);
    this.#merged.set(name, has);
    return readContent(had) !== readContent(has);
  }
}

/** The content of an update with deletions and pending structs. */
function readContent(update: Uint8Array): string {
  const doc = new Y.Doc({ gc: false });
  Y.applyUpdate(doc, update);
  return hex(Y.encodeStateAsUpdate(doc));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');

/** Runs the steps, with hibernation before those for which `isAsleepBefore` is true. @returns what each client received */
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
