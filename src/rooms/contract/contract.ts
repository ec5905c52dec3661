import type { InstanceReport, Measurement } from '../../domain/instance.ts';
import type { Incarnation } from '../../domain/incarnation.ts';

/** Where a room reports itself. Both reject where the registry cannot be reached; both may be called again. */
export interface RegistryPort {
  /**
   * Takes a report, and tells which of the sessions that the room's sockets were opened for are over.
   * @param sessionIds without repetition
   */
  record(report: InstanceReport, sessionIds: readonly string[]): Promise<Recorded>;
  /** An incarnation is gone. */
  remove(deleted: { doName: string; createdAt: number }): Promise<unknown>;
}

interface Recorded {
  /** Of the sessions asked for, those that have provably ended. */
  readonly endedSessions: readonly string[];
  /** Whether the owner's account is being erased, or was, with all that there was until then: the room goes with it. */
  readonly isErased: boolean;
}

/** Whose sockets are meant: those opened for one of these sessions (`session.id`), or every one. */
export type SocketSelector = readonly string[] | 'everyone';

/** What every call on a room that is there brings back. */
export interface RoomResult extends Measurement, Incarnation {
  readonly kind: 'reached';
  /** Whether the caller is to tell the registry of it; else it knows enough, or the room will tell it. */
  readonly shouldRecord: boolean;
}

/** Bytes that crossed RPC; as a stream where they are too many for one message. */
export type RpcBytes = Uint8Array | ReadableStream<Uint8Array>;

/** What names the content that a client has after this response. */
export interface Revision {
  readonly etag: string;
  /** `null` where telling it would mean reading the document for nothing. */
  readonly stateVector: Uint8Array | null;
}

/** What was sent is not stored: the room has no space left for it. */
export type RoomFull = { readonly kind: 'full' };
/** An update of more runs and ranges of deletions than one may have. */
export type TooManyRanges = { readonly kind: 'too many entries' };
export type Malformed = { readonly kind: 'malformed'; readonly what: string };
/**
 * Why a client is not let in. `absent`: there is no room. `deleted`: someone deleted it. `gone`: the room is another incarnation
 * than the one that the client names. `former`: the client has content of an earlier incarnation.
 */
export type RoomRefusal = { readonly kind: 'absent' | 'deleted' | 'gone' | 'former' };
/** The call would create the room, and may not. Nothing was changed. */
export type MustCreate = { readonly kind: 'must create' };
export type CreateResult = RoomResult & { readonly created: boolean };
/** The room has content of its own. */
export type AlreadyExists = Revision &
  Incarnation & {
    readonly kind: 'exists';
    /** Whether everything in the update that was sent is stored: then the answer to an earlier attempt may have been lost. */
    readonly isStored: boolean;
  };
export type FullState = RoomResult & Revision & { readonly data: RpcBytes | null };
export type SyncResult = RoomResult & Revision & { readonly diff: RpcBytes | null };
/** What came of compacting because somebody asked for it; `storageBytes` is the size after it. */
export type CompactResult = RoomResult & {
  readonly outcome: 'compacted' | 'nothing to gain' | 'being read';
  /** In bytes. */
  readonly bytesBefore: number;
};
export type RemoveResult =
  | { readonly kind: 'absent' | 'gone' }
  | { readonly kind: 'removed'; readonly createdAt: number };

/** Headers by which the Worker hands a room what it has checked. Only the Worker can reach a room. */
export const EXPIRES_AT_HEADER = 'x-roomkeeper-expires-at';
/** That the socket is to watch only. */
export const IS_OBSERVER_HEADER = 'x-roomkeeper-watches';
/** What the Worker knows of the client (`Caller` in env.ts). Absent where it does not know, and from one of the previous release. */
export const CALLER_HEADER = 'x-roomkeeper-caller';
export const USER_CALLER_HEADER = 'x-roomkeeper-caller-of-user';
export const IS_REPEATING_HEADER = 'x-roomkeeper-is-repeating';
/** The session that vouches for the credential. Absent where none does. */
export const SESSION_ID_HEADER = 'x-roomkeeper-session-id';
/** That the room must be there already. A Worker that does not know this header leaves it out, and the room is created. */
export const MUST_EXIST_HEADER = 'x-roomkeeper-must-exist';
/** On the room's answer to that: it is not there. */
export const MUST_CREATE_HEADER = 'x-roomkeeper-must-create';
/** On the room's answer to an upgrade: the incarnation that accepted it. A refused one has none. */
export const CREATED_AT_HEADER = 'x-roomkeeper-created-at';

/** And whether the Worker is to tell the registry of it; absent where it need not. */
export const SHOULD_RECORD_HEADER = 'x-roomkeeper-is-news';

/** A version of a document; `createdAt` in Unix milliseconds names it. */
export interface VersionInfo {
  readonly createdAt: number;
  readonly label: string | null;
}

export type NoSuchVersion = { readonly kind: 'no such snapshot' };
/** What is stored of the version, or of one that it builds on, is damaged. */
export type UnreadableVersion = { readonly kind: 'unreadable snapshot' };
export type VersionListResult = RoomResult & { readonly snapshots: readonly VersionInfo[] };
export type VersionCreateResult = RoomResult & { readonly snapshot: VersionInfo };
/** The document does not fit into the object's memory, so its content cannot be turned back here. */
export type TooLargeToRestore = { readonly kind: 'too large to restore' };
export type TooManyVersions = { readonly kind: 'too many snapshots' };
export type VersionReadResult = RoomResult & { readonly data: RpcBytes };
