/** What goes on in a room: keystrokes, pastes of 1 to 5 MB, a log that becomes long enough to be compacted, HTTP alone. */
export const KINDS = ['typing', 'paste', 'compaction', 'http'] as const;
export type Kind = (typeof KINDS)[number];

/** Updates that the system confirmed to a client as stored. */
export interface Promised {
  /** What one client had written and another had seen. */
  readonly seen: Uint8Array[];
  /** What a 2xx had answered. */
  readonly answered: Uint8Array[];
  /** What a SYNC_STATUS echo had followed. */
  readonly acknowledged: Uint8Array[];
}

/** The three ways in which something is promised. */
export const WAYS = ['seen', 'answered', 'acknowledged'] as const;

export const noPromises = (): Promised => ({ seen: [], answered: [], acknowledged: [] });

/** A room with clients at work, which notes every promise that they are given. */
export interface WatchedRoom {
  readonly kind: Kind;
  /** `/documents/NAME` or `/workspaces/NAME` */
  readonly path: string;
  readonly promised: Promised;
  /** Bytes of a paste that was sent and is not acknowledged yet. */
  readonly pasteUnderway: number;
  /** Makes its log long enough to be compacted, where it is such a room. */
  outgrow(): void;
  /** Works until `rest`. Rejects where something fails before the end. */
  work(): Promise<void>;
  /** No more edits from now on. */
  rest(): void;
  /** Called right before the kill: from now on nothing reconnects, and what fails is no fault. */
  end(): void;
  /** Called after the kill, when nothing can arrive any more. */
  leave(): void;
}
