import { HTTPException } from 'hono/http-exception';
import type { Bindings } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import type { RoomAddress } from '../../domain/room-address.ts';
import { describeError, getStack } from '../../lib/log-text.ts';

/** Tries in all of a call that failed on the way, not in the room. */
const MAX_TRIES = 3;
/** Before the second try, in milliseconds; twice that before the third. */
const RETRY_AFTER_MS = 50;

function roomOf(env: Bindings, { doType, doName }: RoomAddress) {
  return (doType === 'workspace' ? env.WORKSPACE_ROOM : env.DOCUMENT_ROOM).getByName(doName);
}

type RoomStub = ReturnType<typeof roomOf>;
type DocumentStub = ReturnType<Bindings['DOCUMENT_ROOM']['getByName']>;

/** The object's hex id. */
export function getObjectId(env: Bindings, address: RoomAddress): string {
  return roomOf(env, address).id.toString();
}

/** The room itself failed, or its object cannot be opened: neither a lost connection nor overload. */
export class RoomFailure extends HTTPException {}

/**
 * Calls a room. Every call of ours may be made twice (the worst that comes of it is one more version), so one that the
 * platform says may be retried is, each time over a new stub; one that met an overloaded object never is (Cloudflare's
 * Durable Objects documentation, "Error handling").
 * @throws HTTPException 503 where the room cannot be reached just now or fails
 */
export async function callRoom<Result>(
  env: Bindings,
  address: RoomAddress,
  call: (stub: RoomStub) => Promise<Result>,
): Promise<Result> {
  return reach(address, async () => call(roomOf(env, address)));
}

/** The same, of a room that is a document. */
export async function callDocument<Result>(
  env: Bindings,
  address: RoomAddress,
  call: (stub: DocumentStub) => Promise<Result>,
): Promise<Result> {
  return reach(address, async () => call(env.DOCUMENT_ROOM.getByName(address.doName)));
}

async function reach<Result>(address: RoomAddress, call: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const { retryable, overloaded } = failureFlags(error);
      if (overloaded || (retryable && attempt === MAX_TRIES)) {
        console.error({
          event: 'room unreachable',
          doName: address.doName,
          overloaded,
          error: describeError(error),
        });
        throw new HTTPException(
          503,
          unavailable('The room cannot be reached just now; try again in some seconds.', error),
        );
      }
      if (!retryable) {
        console.error({
          event: 'room_call_failed',
          doName: address.doName,
          error: describeError(error),
          stack: getStack(error),
        });
        throw new RoomFailure(
          503,
          unavailable('The room failed to answer; try again in some seconds.', error),
        );
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_AFTER_MS * attempt));
    }
  }
}

/** @param cause for whoever catches it; the client is not told */
function unavailable(detail: string, cause: unknown): { res: Response; message: string } {
  const message = cause instanceof Error ? cause.message : String(cause);
  return { res: problem(503, detail, {}, { 'retry-after': '5' }), message };
}

function failureFlags(error: unknown): { retryable: boolean; overloaded: boolean } {
  const is = (flag: string) => error instanceof Error && Reflect.get(error, flag) === true;
  return { retryable: is('retryable'), overloaded: is('overloaded') };
}
