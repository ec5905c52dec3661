export type Wire = 'y-websocket' | 'hocuspocus';

/** A sync server on this machine with its own data. */
export interface Contender {
  readonly name: string;
  readonly role: 'ours' | 'peer' | 'floor';
  readonly wire: Wire;
  /** When an edit that another client has received is stored, with the default settings. */
  readonly durability: string;
  /** Whether it returns stored content. */
  readonly keepsDocuments: boolean;
  /** Whether it returns at least a single large update. */
  readonly keepsOnePaste: boolean;
  /** The server saves at the latest this time after the last edit. */
  readonly saveWithinMs: number;
  /** The acknowledgement that it sends, and its meaning; `null`: none. */
  readonly acknowledges: string | null;
  /** The largest document that its storage supports. */
  readonly maxDocumentBytes: number;
  /** Whether its rooms leave memory while sockets are open (Cloudflare's hibernation). */
  readonly hibernates: boolean;
  /** Bytes of the room; of all rooms if they share storage. */
  storedBytes(room: string): Promise<number>;
  /** The room's URL with credentials. It changes with each start. */
  url(room: string): Promise<string>;
  /** The group leader. The cost includes all processes of the group. */
  readonly pid: number;
  /** The last lines that it printed. */
  readonly printed: string;
  /** Restarts it on the same data. Resolves once it accepts connections. */
  start(): Promise<void>;
  /** Resolves once it has stopped. */
  stop(): Promise<void>;
  /** Kills all processes at once, like a power failure. Resolves once they are gone. */
  kill(): Promise<void>;
}

/** Starts a server on an empty folder. Resolves once it accepts connections. */
export type StartContender = (folder: string) => Promise<Contender>;
