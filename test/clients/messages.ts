/** What a test and the process of its clients say to each other. */

export const CLIENT_VERSIONS = [
  'y-websocket-1.3',
  'y-websocket-1.5',
  'y-websocket-2.1',
  'y-websocket-3.0',
  'y-websocket-3.1',
  'y-partyserver',
  '@y/websocket',
] as const;

/** As package.json beside this file names the packages. */
export type ClientVersion = (typeof CLIENT_VERSIONS)[number];

export interface ClientStart {
  readonly version: ClientVersion;
  /** `ws://…/documents` or another path without the room's name. */
  readonly serverUrl: string;
  /** As it stands in the URL. */
  readonly room: string;
  /** Query parameters, such as the token. */
  readonly params: Readonly<Record<string, string>>;
  /** The parameter `token` of each connect in turn, for versions that read `params` again; none: it stays. */
  readonly tokens: readonly string[];
  /** Subprotocols, for versions that know them; `null`: none. */
  readonly protocols: readonly string[] | null;
  /** Of each upgrade, which a browser could not set. */
  readonly headers: Readonly<Record<string, string>>;
  /** What its document holds before it connects. */
  readonly text: string;
  /** A text frame that the app sends each time it is connected; `null`: none. */
  readonly greeting: string | null;
}

export type ClientCommand =
  | { readonly do: 'start'; readonly start: ClientStart }
  | { readonly do: 'insert'; readonly index: number; readonly text: string }
  /** So many edits at the beginning, now or again and again. */
  | { readonly do: 'type'; readonly text: string; readonly times: number; readonly eachMs?: number }
  | { readonly do: 'delete'; readonly index: number; readonly length: number }
  | { readonly do: 'set-awareness'; readonly field: string; readonly value: unknown }
  | { readonly do: 'set-params'; readonly params: Readonly<Record<string, string>> }
  | { readonly do: 'connect' | 'disconnect' | 'read' };

/** `socket` counts the sockets of a client from 0; `at` is in Unix milliseconds. */
export type ClientEvent =
  | { readonly kind: 'ready' }
  | { readonly kind: 'upgrade' | 'open'; readonly socket: number; readonly at: number }
  | { readonly kind: 'sent'; readonly socket: number; readonly bytes: number }
  | {
      readonly kind: 'close';
      readonly socket: number;
      readonly code: number;
      readonly reason: string;
      readonly at: number;
    }
  | { readonly kind: 'sync'; readonly synced: boolean }
  | { readonly kind: 'text'; readonly length: number }
  | { readonly kind: 'read'; readonly text: string };

/** `client` counts the clients of a process from 0. */
export interface ToProcess {
  readonly client: number;
  readonly command: ClientCommand;
}

export interface FromProcess {
  readonly client: number;
  readonly event: ClientEvent;
}
