import type { Wire } from './contender.ts';

/** The server of a load generator. */
interface Place {
  readonly wire: Wire;
  /** Contains `ROOM` in place of the room's name (`getRoomUrl`). */
  readonly url: string;
  /** Whether the server keeps documents, so that readers' texts can be compared. */
  readonly keepsDocuments: boolean;
}

/** One writer types `edits` characters, one each `everyMs`, into an existing document. */
export interface FanOutTask {
  readonly load: 'fanOut';
  readonly documentBytes: number;
  readonly readers: number;
  readonly edits: number;
  readonly everyMs: number;
}

/** One writer types `edits` characters without pauses. */
export interface BurstTask {
  readonly load: 'burst';
  readonly readers: number;
  readonly edits: number;
}

/** Many clients join a document at the same time. */
export interface HerdTask {
  readonly load: 'herd';
  readonly joiners: number;
  readonly documentBytes: number;
  readonly settleMs: number;
}

/** One client sends a recording as fast as the server relays it. */
export interface TypingTask {
  readonly load: 'typing';
  readonly room: string;
  /** Path of a file that `writeRecording` wrote. */
  readonly recording: string;
  /** The client stops after this time. */
  readonly maxMs: number;
}

/** One client writes a document; after it is saved, another client joins it. */
export interface WriteTask {
  readonly load: 'write';
  readonly room: string;
  readonly documentBytes: number;
  readonly settleMs: number;
}

/** A client joins a document that `write` wrote. */
export interface JoinTask {
  readonly load: 'join';
  readonly room: string;
  readonly documentBytes: number;
}

/** Two clients that have all content reconnect to each room, and one of them types. */
export interface FirstFrameTask {
  readonly load: 'firstFrame';
  readonly rooms: readonly string[];
  readonly documentBytes: number;
  /** Time without messages before the edit; 0: the edit is sent at once. */
  readonly idleMs: number;
}

/** In each of many rooms, one client types a character per second and one reads. */
export interface ManyRoomsTask {
  readonly load: 'manyRooms';
  readonly rooms: number;
  readonly seconds: number;
}

/** Many rooms with a small document and one idle client each. */
export interface IdleRoomsTask {
  readonly load: 'idleRooms';
  readonly rooms: number;
  readonly documentBytes: number;
}

/** Many idle clients in one room. Each renews its awareness every 15 s. */
export interface AwarenessRoundTask {
  readonly load: 'awarenessRound';
  readonly sockets: number;
  /** Renewals of each client. */
  readonly rounds: number;
}

/** One client sends edits. Each waits for the acknowledgement of the previous edit. */
export interface AcknowledgedTask {
  readonly load: 'acknowledged';
  readonly edits: number;
}

export type Load =
  | FanOutTask
  | BurstTask
  | HerdTask
  | TypingTask
  | WriteTask
  | JoinTask
  | FirstFrameTask
  | ManyRoomsTask
  | IdleRoomsTask
  | AwarenessRoundTask
  | AcknowledgedTask;

/** The only argument of a load generator's process, as JSON. */
export type LoadTask<Kind extends Load = Load> = Place & Kind;

/** Figures by name; times are in ms. A load throws if content is missing or wrong. */
export type LoadResult = Readonly<Record<string, number>>;

/** When the server's cost is measured: before the load, and before and after its measured part. */
export type Moment = 'idle' | 'begin' | 'end';

/** Resolves once the cost is measured. */
export type MeasureCost = (moment: Moment) => Promise<void>;

export const getRoomUrl = ({ url }: Place, room: string): string => url.replace('ROOM', room);
