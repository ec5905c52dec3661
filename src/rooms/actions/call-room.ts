import { HTTPException } from 'hono/http-exception';
import type { Bindings } from '../../domain/env.ts';
import { problem } from '../../lib/problem.ts';
import type { RoomAddress } from '../../domain/room-address.ts';
import { getBackoffMs } from '../../lib/backoff.ts';
import { describeError, getStack } from '../../lib/log-text.ts';

const MAX_ATTEMPTS = 3;
const FIRST_RETRY_DELAY_MS = 50;

const getStub = (env: Bindings, { doType, doName }: RoomAddress) =>
  (doType === 'workspace' ? env.WORKSPACE_ROOM : env.DOCUMENT_ROOM).getByName(doName);

export type RoomStub = ReturnType<typeof getStub>;
export type DocumentStub = ReturnType<Bindings['DOCUMENT_ROOM']['getByName']>;

/** The object's hex id. */
export function getObjectId(env: Bindings, address: RoomAddress): string {
  return getStub(env, address).id.toString();
}

/** The room failed, or its object cannot be opened. Lost connections and overload are not room failures. */
export class RoomFailure extends HTTPException {}

/**
 * Calls a room. Every call is safe to repeat (at worst it creates one more version), so a failure that the platform marks as
 * retryable is retried over a new stub. A call to an overloaded object is not (Cloudflare, "Durable Objects: Error handling").
 * @throws HTTPException 503 if the room cannot be reached or fails
 */
export async function callRoom<Result>(
  env: Bindings,
  address: RoomAddress,
  call: (stub: RoomStub) => Promise<Result>,
): Promise<Result> {
  return callWithRetries(address, async () => call(getStub(env, address)));
}

/** `callRoom` for a room that is a document. */
export async function callDocument<Result>(
  env: Bindings,
  address: RoomAddress,
  call: (stub: DocumentStub) => Promise<Result>,
): Promise<Result> {
  return callWithRetries(address, async () => call(env.DOCUMENT_ROOM.getByName(address.doName)));
}

async function callWithRetries<Result>(address: RoomAddress, call: () => Promise<Result>): Promise<Result> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await call();
    } catch (error) {
      const { retryable, overloaded } = readFailureFlags(error);
      if (!retryable && !overloaded) throw createRoomFailure(address, error);
      if (overloaded || attempt === MAX_ATTEMPTS) throw createUnreachable(address, overloaded, error);
      const delayMs = getBackoffMs(attempt, { firstMs: FIRST_RETRY_DELAY_MS });
      await new Promise((resolve) => setTimeout(resolve, delayMs));
    }
  }
}

function createRoomFailure({ doName }: RoomAddress, error: unknown): RoomFailure {
  console.error({
    event: 'room_call_failed',
    doName,
    error: describeError(error),
    stack: getStack(error),
  });
  return new RoomFailure(
    503,
    createUnavailable('The room failed to answer. Try again in some seconds.', error),
  );
}

function createUnreachable({ doName }: RoomAddress, overloaded: boolean, error: unknown): HTTPException {
  console.error({ event: 'room_unreachable', doName, overloaded, error: describeError(error) });
  const detail = 'The room cannot be reached. Try again in some seconds.';
  return new HTTPException(503, createUnavailable(detail, error));
}

/** @param cause for the code that catches the exception; it is not sent to the client */
function createUnavailable(detail: string, cause: unknown): { res: Response; message: string } {
  const message = cause instanceof Error ? cause.message : String(cause);
  return { res: problem(503, detail, {}, { 'retry-after': '5' }), message };
}

function readFailureFlags(error: unknown): { retryable: boolean; overloaded: boolean } {
  const is = (flag: string) => error instanceof Error && Reflect.get(error, flag) === true;
  return { retryable: is('retryable'), overloaded: is('overloaded') };
}
