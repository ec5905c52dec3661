import type { InstanceReport, Measurement } from '../../domain/instance.ts';
import type { Incarnation } from '../../domain/incarnation.ts';

/** The registry as rooms see it. Both methods reject if the registry is unavailable, and both are idempotent. */
export interface RegistryPort {
  /**
   * Records a report.
   * @param sessionIds the sessions of the room's open sockets, without duplicates
   */
  record(report: InstanceReport, sessionIds: readonly string[]): Promise<Recorded>;
  /** Records that an incarnation was deleted. */
  remove(deleted: { doName: string; createdAt: number }): Promise<unknown>;
}

interface Recorded {
  /** The given sessions that have ended. */
  readonly endedSessions: readonly string[];
  /** Whether the owner's account is erased or being erased. The room must be deleted with it. */
  readonly isErased: boolean;
}

/** The sockets of these sessions (`session.id`), or all. */
export type SocketSelector = readonly string[] | 'everyone';

/** The result of every call of a live room. */
export interface RoomResult extends Measurement, Incarnation {
  readonly kind: 'reached';
  /** Whether the Worker records the call in the registry. If not, the room reports it, or nothing has changed. */
  readonly shouldRecord: boolean;
}

/** Bytes that cross RPC; a stream if they are too many for one message. */
export type RpcBytes = Uint8Array | ReadableStream<Uint8Array>;

/** The revision of the content that a client has after this response. */
export interface Revision {
  readonly etag: string;
  /** `null` if computing it would need the whole document. */
  readonly stateVector: Uint8Array | null;
}

/** The room has no space for the update. It is not stored. */
export type RoomFull = { readonly kind: 'full' };
/** The update has too many structs and delete ranges. */
export type TooManyRanges = { readonly kind: 'too many entries' };
export type Malformed = { readonly kind: 'malformed'; readonly what: string };
/**
 * Why a client is refused. `absent`: the room does not exist. `deleted`: a user deleted it. `gone`: the room has another
 * incarnation than the client names. `former`: the client has content of an earlier incarnation.
 */
export type RoomRefusal = { readonly kind: 'absent' | 'deleted' | 'gone' | 'former' };
/** The call would have to create the room and may not. Nothing was changed. */
export type MustCreate = { readonly kind: 'must create' };
export type CreateResult = RoomResult & { readonly created: boolean };
/** The room exists. */
export type AlreadyExists = Revision &
  Incarnation & {
    readonly kind: 'exists';
    /** Whether the whole update is stored already, for example because the response to an earlier attempt was lost. */
    readonly isStored: boolean;
  };
export type FullState = RoomResult & Revision & { readonly data: RpcBytes | null };
export type SyncResult = RoomResult & Revision & { readonly diff: RpcBytes | null };
/** The result of a compaction that a user requested. `storageBytes` is the size after it. */
export type CompactResult = RoomResult & {
  readonly outcome: 'compacted' | 'nothing to gain' | 'being read';
  /** In bytes. */
  readonly bytesBefore: number;
};
export type RemoveResult =
  | { readonly kind: 'absent' | 'gone' }
  | { readonly kind: 'removed'; readonly createdAt: number };

/** Headers with what the Worker has checked. Only the Worker can reach a room. */
export const EXPIRES_AT_HEADER = 'x-roomkeeper-expires-at';
/** The socket is an observer (read-only). */
export const IS_OBSERVER_HEADER = 'x-roomkeeper-watches';
/** The caller (`Caller` in env.ts). Missing if unknown, and from Workers of the previous release. */
export const CALLER_HEADER = 'x-roomkeeper-caller';
export const USER_CALLER_HEADER = 'x-roomkeeper-caller-of-user';
export const IS_REPEATING_HEADER = 'x-roomkeeper-is-repeating';
/** The session of the credential. Missing if it has none. */
export const SESSION_ID_HEADER = 'x-roomkeeper-session-id';
/** The room must exist already. Without this header, as from Workers of earlier releases, it is created. */
export const MUST_EXIST_HEADER = 'x-roomkeeper-must-exist';
/** On the room's response to that: it does not exist. */
export const MUST_CREATE_HEADER = 'x-roomkeeper-must-create';
/** On the room's response to an accepted upgrade: the incarnation's creation time. */
export const CREATED_AT_HEADER = 'x-roomkeeper-created-at';

/** On the same response: the Worker records the opening. */
export const SHOULD_RECORD_HEADER = 'x-roomkeeper-is-news';

/** A version of a document. `createdAt` (Unix milliseconds) is its id. The wire calls versions snapshots. */
export interface VersionInfo {
  readonly createdAt: number;
  readonly label: string | null;
}

export type NoSuchVersion = { readonly kind: 'no such snapshot' };
/** The stored version, or one that it depends on, is damaged. */
export type UnreadableVersion = { readonly kind: 'unreadable snapshot' };
export type VersionListResult = RoomResult & { readonly snapshots: readonly VersionInfo[] };
export type VersionCreateResult = RoomResult & { readonly snapshot: VersionInfo };
/** The document is too large to be restored in the object's memory. */
export type TooLargeToRestore = { readonly kind: 'too large to restore' };
export type TooManyVersions = { readonly kind: 'too many snapshots' };
export type VersionReadResult = RoomResult & { readonly data: RpcBytes };
