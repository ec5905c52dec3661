import type { AfterResponseQueue } from '../lib/after-response.ts';
import type { PiggybackedQuery } from '../lib/piggybacked-query.ts';

/**
 * The Worker's bindings. `Cloudflare.Env` is generated from wrangler.toml; what is added here is optional and so
 * cannot be declared there.
 */
export interface Bindings extends Cloudflare.Env {
  /** The mirror's Postgres. Without it the mirror is off. */
  readonly HYPERDRIVE?: Hyperdrive;
  /** The schema of the mirror's tables in Postgres; the connection's own, usually `public`, unless given. */
  readonly MIRROR_SCHEMA?: string;
  /** A machine operator's bearer credential. Without it there is none. */
  readonly OPERATOR_TOKEN?: string;
  /** Comma-separated origins whose browser apps may call with bearer tokens. */
  readonly TRUSTED_ORIGINS?: string;
  /** "true": browser apps of this machine may call too. `npm run dev` sets it; a deployment must not. */
  readonly TRUST_LOCALHOST?: string;
  /** JWKS of an external issuer; used only where all three `AUTH_*` variables are set. */
  readonly AUTH_JWKS_URL?: string;
  readonly AUTH_ISSUER?: string;
  readonly AUTH_AUDIENCE?: string;
  /** Sign-in by GitHub and by Google; each is offered where both its id and its secret are set. */
  readonly GITHUB_CLIENT_ID?: string;
  readonly GITHUB_CLIENT_SECRET?: string;
  readonly GOOGLE_CLIENT_ID?: string;
  readonly GOOGLE_CLIENT_SECRET?: string;
  /** Limits of rooms, in decimal digits; each has a default. */
  readonly ROOM_MAX_PAYLOAD_BYTES?: string;
  readonly ROOM_MAX_BYTES?: string;
  readonly ROOM_MAX_SOCKETS?: string;
  readonly ROOM_MAX_MESSAGES_PER_SECOND?: string;
  /** Limits of one user, likewise. */
  readonly USER_MAX_ROOMS?: string;
  readonly USER_MAX_ROOMS_PER_HOUR?: string;
}

/** Who a request's credential proves its sender to be. */
export interface Principal {
  /** `user.id` in D1; of users of an external issuer `{issuer}#{sub}`. `null` for a machine operator. */
  readonly userId: string | null;
  /** Unix time in milliseconds after which the credential is void; `null` where it does not expire by itself. */
  readonly expiresAt: number | null;
  /**
   * `session.id` in D1 of the session that vouches for the credential, which ends with it; `null` where none does: users
   * of an external issuer, machine operators.
   */
  readonly sessionId: string | null;
  /** How it was proven. Roles are read from D1 where they are needed, not carried here. */
  readonly via: 'session' | 'jwt' | 'operator-token';
}

/** Names the client that asks for an upgrade, without telling anything of it. */
export interface Caller {
  /** By the whole request, the credential included. */
  readonly byRequest: string;
  /** By the user in the place of the credential; `null` where nobody is authenticated. */
  readonly byUser: string | null;
  /** Whether it was refused repeatedly lately. */
  readonly isRepeating: boolean;
}

/** Hono's environment in every route. */
export interface AppEnv {
  Bindings: Bindings;
  Variables: {
    /** Set by `authenticate`; only routes behind it may read it. */
    principal: Principal;
    afterResponse: AfterResponseQueue;
    /** On upgrades (src/worker/hold-refusals.ts). */
    caller?: Caller;
    /** Of a page that is read by a claim (src/auth/sessions/claimed-user.ts): goes along with its first batch. */
    piggybackedQuery?: PiggybackedQuery | undefined;
  };
}
