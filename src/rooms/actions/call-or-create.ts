import { callRoom } from './call-room.ts';
import type { MustCreate } from '../contract/contract.ts';
import { refuseCreation, type TooManyRooms } from './creation-limits.ts';
import type { RoomAddress } from '../../domain/room-address.ts';
import type { CreateRegistry, RoomContext } from './record-use.ts';

type RoomStub = Parameters<Parameters<typeof callRoom>[2]>[0];

/**
 * Calls a room, and lets it be created where it is not there and its owner's limits allow one more. A room that is there costs
 * one call and no read of D1.
 * @param call with `mayCreate` `false` first; a room of the previous release ignores that, and creates itself
 */
export async function callOrCreate<Result extends { readonly kind: string }>(
  c: RoomContext,
  address: RoomAddress,
  createRegistry: CreateRegistry,
  call: (stub: RoomStub, mayCreate: boolean) => Promise<Result>,
): Promise<Exclude<Result, MustCreate> | TooManyRooms> {
  const found = await callRoom(c.env, address, (stub) => call(stub, false));
  if (isThere(found)) return found;
  const refusal = await refuseCreation(c.env, address.userId, createRegistry(c.env).countCreation);
  if (refusal !== null) return refusal;
  const created = await callRoom(c.env, address, (stub) => call(stub, true));
  if (isThere(created)) return created;
  throw new Error('a room that may be created was not');
}

function isThere<Result extends { readonly kind: string }>(
  result: Result,
): result is Exclude<Result, MustCreate> {
  return result.kind !== 'must create';
}
