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
  /** Where a room is, with what a client needs to be let in. Another one after each start. */
  url(room: string): Promise<string>;
  /** The process that leads its group; the server's cost is that of all its processes. */
  readonly pid: number;
  /** Starts it anew on the same data, once it was stopped or killed, and settles once it takes connections. */
  start(): Promise<void>;
  /** Asks it to end, and settles once it has. */
  stop(): Promise<void>;
  /** Kills all of its processes at once, as a power cut would, and settles once they are gone. */
  kill(): Promise<void>;
}

/** Starts a server on an empty folder of its own and settles once it takes connections. */
export type StartContender = (folder: string) => Promise<Contender>;
