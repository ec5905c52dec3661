declare module 'vitest' {
  export interface ProvidedContext {
    /** URL at which the proxy in front of Postgres takes faults. */
    faultyControlUrl: string;
  }
}

/** What the proxy before Postgres does to a connection, at its `at`-th statement (from 1). */
export type Fault = { readonly at: number } & (
  | {
      readonly kind: /** The statement never arrives, and both sides see the connection end. */
        | 'cut'
        /** The first half of the statement's bytes arrives. */
        | 'tear'
        /** The statement never arrives, and the connection ends in one direction. */
        | 'half-close'
        /** The statement is carried out; before its answer the connection ends. */
        | 'lose the answer'
        /** The statement is carried out; nothing comes back any more. */
        | 'stall';
    }
  | { readonly kind: 'delay'; readonly delayMs: number }
);

/** Traffic of the proxy since the last fault was set. */
export interface ProxyRecord {
  /** Whether the fault came to pass. */
  readonly fired: boolean;
  /** SQL, in order. */
  readonly statements: readonly string[];
}
