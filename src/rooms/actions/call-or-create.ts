import type { RoomAddress } from '../../domain/room-address.ts';
import type { MustCreate } from '../contract/contract.ts';
import type { ActionContext } from './action-context.ts';
import { callRoom, type RoomStub } from './call-room.ts';
import { refuseCreation, type TooManyRooms } from './creation-limits.ts';

/**
 * Calls a room that the call may create. The first call must not create it: an existing room then costs one call and no read
 * of D1. If the room is missing and the owner's limits allow it, the second call creates it.
 * @param call a room of the previous release ignores `mayCreate` and creates itself
 */
export async function callOrCreate<Result extends { readonly kind: string }>(
  { env, registry }: ActionContext,
  address: RoomAddress,
  call: (stub: RoomStub, mayCreate: boolean) => Promise<Result>,
): Promise<Exclude<Result, MustCreate> | TooManyRooms> {
  const first = await callRoom(env, address, (stub) => call(stub, false));
  if (isFinal(first)) return first;
  const refusal = await refuseCreation(env, address.userId, registry.countCreation);
  if (refusal !== null) return refusal;
  const created = await callRoom(env, address, (stub) => call(stub, true));
  if (isFinal(created)) return created;
  throw new Error('the room was not created, although the call may create it');
}

function isFinal<Result extends { readonly kind: string }>(
  result: Result,
): result is Exclude<Result, MustCreate> {
  return result.kind !== 'must create';
}
