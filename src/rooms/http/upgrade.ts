import { getIncarnation, INCARNATION_HEADER } from '../../domain/incarnation.ts';
import { describeError } from '../../lib/log-text.ts';
import { CLOSE_CODES, getSubprotocolHeaders, refuseUpgrade } from '../../lib/refusals/refuse-upgrade.ts';
import type { ActionContext } from '../actions/action-context.ts';
import { refuse } from '../actions/action-result.ts';
import { callOrCreate } from '../actions/call-or-create.ts';
import { recordOpening } from '../actions/record-use.ts';
import { writeCaller } from '../contract/caller-headers.ts';
import {
  CREATED_AT_HEADER,
  EXPIRES_AT_HEADER,
  IS_OBSERVER_HEADER,
  MUST_CREATE_HEADER,
  MUST_EXIST_HEADER,
  type MustCreate,
  SESSION_ID_HEADER,
  SHOULD_RECORD_HEADER,
} from '../contract/contract.ts';
import type { FoundRoom, RoomContext } from './find-room.ts';

/** On upgrades: the client is an observer. Its only value is "true". */
const OBSERVER_PARAMETER = 'watch';

const UNREACHABLE = 'The room cannot be reached. Connect again.';

/** Passes a WebSocket upgrade to the room. */
export async function connectSocket(
  c: RoomContext,
  context: ActionContext,
  { address, incarnation }: FoundRoom,
): Promise<Response> {
  const request = c.req.raw;
  const observer = new URL(request.url).searchParams.getAll(OBSERVER_PARAMETER);
  if (observer.some((value) => value !== 'true'))
    return refuseUpgrade(request, CLOSE_CODES.malformed, '"watch" can only be "true". Leave it out to edit.');
  let response: Response;
  try {
    const result = await callOrCreate(context, address, async (stub, mayCreate) => {
      const options = { incarnation, isObserver: observer.length > 0, mayCreate };
      return readUpgradeResult(await stub.fetch(createRoomRequest(c, options)));
    });
    if (result.kind !== 'answered') {
      const { refusal } = refuse(c.env, address, result);
      return refuseUpgrade(request, CLOSE_CODES.tooFast, refusal.reason);
    }
    ({ response } = result);
  } catch (error) {
    console.error({ event: 'upgrade_failed', doName: address.doName, error: describeError(error) });
    return refuseUpgrade(request, CLOSE_CODES.tryAgainLater, UNREACHABLE);
  }
  const { webSocket } = response;
  if (webSocket === null) return response;
  const headers = new Headers(response.headers);
  const createdAt = headers.get(CREATED_AT_HEADER);
  const shouldRecord = headers.has(SHOULD_RECORD_HEADER);
  for (const internal of [CREATED_AT_HEADER, SHOULD_RECORD_HEADER]) headers.delete(internal);
  // A refused upgrade has no such header and is not recorded.
  if (createdAt !== null) {
    const accepted = headers.get(INCARNATION_HEADER) ?? undefined;
    headers.set(INCARNATION_HEADER, getIncarnation({ createdAt: Number(createdAt), incarnation: accepted }));
    if (shouldRecord) recordOpening(context, address, Number(createdAt), c.get('principal').sessionId);
  }
  return new Response(null, { status: 101, webSocket, headers });
}

/** The upgrade request for the room: without the credential, with what the Worker checked. */
function createRoomRequest(
  c: RoomContext,
  {
    incarnation,
    isObserver,
    mayCreate,
  }: { incarnation: string | null; isObserver: boolean; mayCreate: boolean },
): Request {
  const request = c.req.raw;
  const [principal, caller] = [c.get('principal'), c.get('caller')];
  const headers = new Headers({ upgrade: 'websocket', ...getSubprotocolHeaders(request) });
  if (principal.expiresAt !== null) headers.set(EXPIRES_AT_HEADER, String(principal.expiresAt));
  if (principal.sessionId !== null) headers.set(SESSION_ID_HEADER, principal.sessionId);
  if (caller !== undefined) writeCaller(headers, caller);
  if (!mayCreate) headers.set(MUST_EXIST_HEADER, 'true');
  if (incarnation !== null) headers.set(INCARNATION_HEADER, incarnation);
  if (isObserver) headers.set(IS_OBSERVER_HEADER, 'true');
  return new Request(new URL('/', request.url), { headers });
}

function readUpgradeResult(
  response: Response,
): MustCreate | { readonly kind: 'answered'; readonly response: Response } {
  return response.headers.has(MUST_CREATE_HEADER) ? { kind: 'must create' } : { kind: 'answered', response };
}
