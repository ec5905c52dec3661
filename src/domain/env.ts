import type { AfterResponseQueue } from '../lib/after-response.ts';

/** The Worker's bindings. `Cloudflare.Env` is generated from wrangler.toml, which cannot declare optional bindings. */
export interface Bindings extends Cloudflare.Env {
  /** The mirror's Postgres. Without it, the mirror is off. */
  readonly HYPERDRIVE?: Hyperdrive;
  /** The schema of the mirror's tables in Postgres. Default: the connection's schema, usually `public`. */
  readonly MIRROR_SCHEMA?: string;
  /** The bearer credential of machine operators. Without it, there are none. */
  readonly OPERATOR_TOKEN?: string;
  /** Comma-separated origins. Their browser apps may call with bearer tokens. */
  readonly TRUSTED_ORIGINS?: string;
  /** "true": also trusts browser apps on localhost. Set by `npm run dev`; a deployment must not set it. */
  readonly TRUST_LOCALHOST?: string;
  /** JWKS of an external issuer; used only where all three `AUTH_*` variables are set. */
  readonly AUTH_JWKS_URL?: string;
  readonly AUTH_ISSUER?: string;
  readonly AUTH_AUDIENCE?: string;
  /** Sign-in with GitHub and Google. Each is offered if its id and its secret are set. */
  readonly GITHUB_CLIENT_ID?: string;
  readonly GITHUB_CLIENT_SECRET?: string;
  readonly GOOGLE_CLIENT_ID?: string;
  readonly GOOGLE_CLIENT_SECRET?: string;
  /** Limits of rooms, as decimal numbers. Each has a default. */
  readonly ROOM_MAX_PAYLOAD_BYTES?: string;
  readonly ROOM_MAX_BYTES?: string;
  readonly ROOM_MAX_SOCKETS?: string;
  readonly ROOM_MAX_MESSAGES_PER_SECOND?: string;
  /** Limits of one user, as decimal numbers. */
  readonly USER_MAX_ROOMS?: string;
  readonly USER_MAX_ROOMS_PER_HOUR?: string;
}

/** The caller as its credential proves it. */
export interface Principal {
  /** `user.id` in D1; of users of an external issuer `{issuer}#{sub}`. `null` for a machine operator. */
  readonly userId: string | null;
  /** Unix milliseconds when the credential expires; `null` if it does not expire. */
  readonly expiresAt: number | null;
  /** `session.id` in D1. The credential ends with this session. `null` for external users and machine operators. */
  readonly sessionId: string | null;
  /** The kind of credential. Roles are read from D1 where they are needed. */
  readonly via: 'session' | 'jwt' | 'operator-token';
}

/** Identifies the client of an upgrade by hashes, which reveal nothing about it. */
export interface Caller {
  /** Hash of the whole request, with the credential. */
  readonly byRequest: string;
  /** Hash with the user instead of the credential; `null` if the caller is not authenticated. */
  readonly byUser: string | null;
  /** Whether the client was refused repeatedly in the last seconds. */
  readonly isRepeating: boolean;
}

/** Hono's environment in every route. */
export interface AppEnv {
  Bindings: Bindings;
  Variables: {
    /** Set by `authenticate`. Only routes behind it may read it. */
    principal: Principal;
    afterResponse: AfterResponseQueue;
    /** On upgrades (src/worker/hold-refusals.ts). */
    caller?: Caller;
  };
}
