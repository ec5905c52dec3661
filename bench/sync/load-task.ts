import type { Wire } from './contender.ts';

/** Where a load generator finds a server. */
interface Place {
  readonly wire: Wire;
  /** With `ROOM` in place of a room's name (`roomAt`). */
  readonly url: string;
  /** Whether what arrived can be compared: not where the server keeps nothing. */
  readonly keepsDocuments: boolean;
}

/** One writer types so many characters, one each `everyMs`, into a document of somebody else's. */
export interface FanOutTask {
  readonly load: 'fanOut';
  readonly documentBytes: number;
  readonly readers: number;
  readonly edits: number;
  readonly everyMs: number;
}

/** One writer types so many characters as fast as he can. */
export interface BurstTask {
  readonly load: 'burst';
  readonly readers: number;
  readonly edits: number;
}

/** Many join a document at once. */
export interface HerdTask {
  readonly load: 'herd';
  readonly joiners: number;
  readonly documentBytes: number;
  readonly settleMs: number;
}

/** A recorded text is typed as fast as the server takes it. */
export interface TypingTask {
  readonly load: 'typing';
  readonly room: string;
  /** A file of `writeRecording`. */
  readonly recording: string;
  /** The typist stops after so long, wherever he is. */
  readonly mostMs: number;
}

/** A document is written and, once it is saved, joined by somebody else. */
export interface WriteTask {
  readonly load: 'write';
  readonly room: string;
  readonly documentBytes: number;
  readonly settleMs: number;
}

/** Joins a document that `write` wrote. */
export interface JoinTask {
  readonly load: 'join';
  readonly room: string;
  readonly documentBytes: number;
}

/** Two who know all that is in a room come back to it, in each of some rooms, and one of them types. */
export interface FirstFrameTask {
  readonly load: 'firstFrame';
  readonly rooms: readonly string[];
  readonly documentBytes: number;
  /** So long nobody says anything before the edit; 0: it is sent as soon as they are connected. */
  readonly idleMs: number;
}

/** In each of many rooms one types a character a second, and one reads. */
export interface ManyRoomsTask {
  readonly load: 'manyRooms';
  readonly rooms: number;
  readonly seconds: number;
}

/** Many rooms with a small document each, in which one is connected and does nothing. */
export interface IdleRoomsTask {
  readonly load: 'idleRooms';
  readonly rooms: number;
  readonly documentBytes: number;
}

/** Many are connected to one room and do nothing, so that their awareness is renewed each 15 s. */
export interface AwarenessRoundTask {
  readonly load: 'awarenessRound';
  readonly sockets: number;
  /** How often each renews it. */
  readonly rounds: number;
}

/** One edit after the other, each once the one before it was acknowledged. */
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

/** What a load generator is asked to do, in JSON as its one argument. */
export type LoadTask<Kind extends Load = Load> = Place & Kind;

/** Figures by name: times in ms. A load that finds anything missing or wrong fails instead. */
export type LoadResult = Readonly<Record<string, number>>;

/** When a load has the server's cost taken: before it does anything, and around the part that counts. */
export type Moment = 'idle' | 'begin' | 'end';

/** Settles once the cost was taken. */
export type Clock = (moment: Moment) => Promise<void>;

export const roomAt = ({ url }: Place, room: string): string => url.replace('ROOM', room);
