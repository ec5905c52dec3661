import { CLOSE_CODES, refuseUpgrade, getSubprotocolHeaders } from '../../lib/refuse-upgrade.ts';
import { callOrCreate } from '../actions/call-or-create.ts';
import {
  CREATED_AT_HEADER,
  EXPIRES_AT_HEADER,
  SHOULD_RECORD_HEADER,
  MUST_CREATE_HEADER,
  MUST_EXIST_HEADER,
  type MustCreate,
  SESSION_ID_HEADER,
  IS_OBSERVER_HEADER,
} from '../contract/contract.ts';
import { writeCaller } from '../contract/caller-headers.ts';
import { INCARNATION_HEADER, getIncarnation } from '../../domain/incarnation.ts';
import type { RoomAddress } from '../../domain/room-address.ts';
import { type CreateRegistry, type RoomContext, recordOpening } from '../actions/record-use.ts';
import { describeError } from '../../lib/log-text.ts';

/** On upgrades: the socket is an observer's. Its only value is "true". */
const WATCH_PARAMETER = 'watch';

/** Hands a WebSocket upgrade to the room. */
export async function connect(
  c: RoomContext,
  { address, incarnation }: { address: RoomAddress; incarnation: string | null },
  createRegistry: CreateRegistry,
): Promise<Response> {
  const watch = new URL(c.req.url).searchParams.getAll(WATCH_PARAMETER);
  if (watch.some((value) => value !== 'true'))
    return refuseUpgrade(
      c.req.raw,
      CLOSE_CODES.malformed,
      '"watch" can only be "true"; leave it out to edit.',
    );
  let response: Response;
  try {
    const answer = await callOrCreate(c, address, createRegistry, async (stub, mayCreate) => {
      const options = { incarnation, watches: watch.length > 0, mayCreate };
      return answerOf(await stub.fetch(upgradeFor(c, options)));
    });
    if (answer.kind === 'too many rooms') {
      return refuseUpgrade(c.req.raw, CLOSE_CODES.tooFast, answer.reason);
    }
    ({ response } = answer);
  } catch (error) {
    console.error({ event: 'upgrade failed', doName: address.doName, error: describeError(error) });
    return refuseUpgrade(c.req.raw, CLOSE_CODES.tryAgainLater, 'the room cannot be reached just now');
  }
  const { webSocket } = response;
  if (webSocket === null) return response;
  const headers = new Headers(response.headers);
  const createdAt = headers.get(CREATED_AT_HEADER);
  const shouldRecord = headers.has(SHOULD_RECORD_HEADER);
  for (const internal of [CREATED_AT_HEADER, SHOULD_RECORD_HEADER]) headers.delete(internal);
  // A refused connection has no such header, and leaves no trace in the registry.
  if (createdAt !== null) {
    const incarnation = headers.get(INCARNATION_HEADER) ?? undefined;
    headers.set(INCARNATION_HEADER, getIncarnation({ createdAt: Number(createdAt), incarnation }));
    if (shouldRecord) recordOpening(c, address, createRegistry, Number(createdAt));
  }
  return new Response(null, { status: 101, webSocket, headers });
}

/** The upgrade as the room gets it: without the credential, with what that ends by. */
function upgradeFor(
  c: RoomContext,
  { incarnation, watches, mayCreate }: { incarnation: string | null; watches: boolean; mayCreate: boolean },
): Request {
  const request = c.req.raw;
  const [principal, caller] = [c.get('principal'), c.get('caller')];
  const headers = new Headers({ upgrade: 'websocket', ...getSubprotocolHeaders(request) });
  if (principal.expiresAt !== null) headers.set(EXPIRES_AT_HEADER, String(principal.expiresAt));
  if (principal.sessionId !== null) headers.set(SESSION_ID_HEADER, principal.sessionId);
  if (caller !== undefined) writeCaller(headers, caller);
  if (!mayCreate) headers.set(MUST_EXIST_HEADER, 'true');
  if (incarnation !== null) headers.set(INCARNATION_HEADER, incarnation);
  if (watches) headers.set(IS_OBSERVER_HEADER, 'true');
  return new Request(new URL('/', request.url), { headers });
}

function answerOf(
  response: Response,
): MustCreate | { readonly kind: 'answered'; readonly response: Response } {
  return response.headers.has(MUST_CREATE_HEADER) ? { kind: 'must create' } : { kind: 'answered', response };
}
