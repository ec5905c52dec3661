/** Which frames a server speaks. */
export type Wire = 'y-websocket' | 'hocuspocus';

/** A sync server that runs on this machine, on data of its own. */
export interface Contender {
  readonly name: string;
  readonly role: 'ours' | 'peer' | 'floor';
  readonly wire: Wire;
  /** When an edit that another client has seen is safe, with durability as the server comes. */
  readonly durability: string;
  /** Whether it gives back what it was sent. */
  readonly keepsDocuments: boolean;
  /** Whether it gives back at least one large update, where that is all that a room was sent. */
  readonly keepsOnePaste: boolean;
  /** After an edit that is the last one the server waits so long, by its settings, before it saves. */
  readonly saveWithinMs: number;
  /** What it tells a client once, and what that stands for; `null`: it tells nothing. */
  readonly acknowledges: string | null;
  /** The largest document that its storage is made for, in bytes. */
  readonly mostDocumentBytes: number;
  /** Whether its rooms leave memory while sockets are open (Cloudflare's hibernation). */
  readonly hibernates: boolean;
  /** What it stores of a room, in bytes; of all rooms where it keeps them together. */
  storedBytes(room: string): Promise<number>;
  /** Where a room is, with what a client needs to be let in. Another place after each start. */
  url(room: string): Promise<string>;
  /** The process that leads its group; the server's cost is that of all its processes. */
  readonly pid: number;
  /** The last lines that it printed. */
  readonly printed: string;
  /** Starts it anew on the same data, once it was stopped or killed, and settles once it takes connections. */
  start(): Promise<void>;
  /** Asks it to end, and settles once it has. */
  stop(): Promise<void>;
  /** Kills all of its processes at once, as a power cut would, and settles once they are gone. */
  kill(): Promise<void>;
}

/** Starts a server on an empty folder of its own and settles once it takes connections. */
export type StartContender = (folder: string) => Promise<Contender>;
