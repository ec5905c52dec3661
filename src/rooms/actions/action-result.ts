import type { RoomAddress } from '../../domain/room-address.ts';
import type { ProblemStatus } from '../../lib/problem.ts';
import {
  type RefusalContext,
  type RefusalEntry,
  type RefusalKind,
  ROOM_REFUSALS,
} from '../contract/room-refusals.ts';
import { readRoomLimits } from '../limits/read-limits.ts';
import type { Bindings } from '../../domain/env.ts';

/** Why an action was refused, as a value that routes and pages translate. */
export interface Refusal {
  readonly kind: RefusalKind;
  readonly status: ProblemStatus;
  /** For API clients. */
  readonly detail: string;
  /** For the user of a page. */
  readonly message: string;
  /** For a WebSocket; at most 123 bytes. */
  readonly reason: string;
  /** `null` if only a change elsewhere helps. */
  readonly retryAfterS: number | null;
}

export type ActionResult<Success extends object> =
  | ({ readonly ok: true } & Success)
  | { readonly ok: false; readonly refusal: Refusal };

/** A refusal as the room or the creation limits return it. */
interface Refused extends Partial<Pick<RefusalContext, 'what' | 'maxRooms' | 'retryAfterS'>> {
  readonly kind: RefusalKind;
}

export function refuse(
  env: Bindings,
  { doType, resourceName }: Pick<RoomAddress, 'doType' | 'resourceName'>,
  refused: Refused,
): { readonly ok: false; readonly refusal: Refusal } {
  const { kind, what = 'update', maxRooms = 0, retryAfterS = 0 } = refused;
  const { maxRoomBytes } = readRoomLimits(env);
  const context: RefusalContext = { doType, resourceName, maxRoomBytes, what, maxRooms, retryAfterS };
  const entry: RefusalEntry = ROOM_REFUSALS[kind];
  const detail = entry.detail(context);
  return {
    ok: false,
    refusal: {
      kind,
      status: entry.status,
      detail,
      message: entry.message ?? detail,
      reason: typeof entry.reason === 'function' ? entry.reason(context) : (entry.reason ?? detail),
      retryAfterS: refused.retryAfterS ?? null,
    },
  };
}
