/** Which frames a server speaks. */
export type Wire = 'y-websocket' | 'hocuspocus';

/** A sync server that runs on this machine. */
export interface Contender {
  readonly name: string;
  readonly wire: Wire;
  /** What its own documentation promises of an edit that another client has seen. */
  readonly durability: string;
  /** Whether it keeps documents at all. */
  readonly keepsDocuments: boolean;
  /** Where a room is, with what a client needs to be let in. */
  url(room: string): Promise<string>;
  /** The process that leads its group; the server's cost is that of all its processes. */
  readonly pid: number;
  stop(): Promise<void>;
}

/** Starts a server on an empty folder of its own and settles once it takes connections. */
export type StartContender = (folder: string) => Promise<Contender>;
