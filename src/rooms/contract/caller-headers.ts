import type { Caller } from '../../domain/env.ts';
import { CALLER_HEADER, USER_CALLER_HEADER, IS_REPEATING_HEADER } from './contract.ts';

/** Adds the caller of an upgrade to the request to the room. */
export function writeCaller(headers: Headers, { byRequest, byUser, isRepeating }: Caller): void {
  headers.set(CALLER_HEADER, byRequest);
  if (byUser !== null) headers.set(USER_CALLER_HEADER, byUser);
  if (isRepeating) headers.set(IS_REPEATING_HEADER, 'true');
}

/** Reads what `writeCaller` wrote; `null` if it wrote nothing. */
export function readCaller(headers: Headers): Caller | null {
  const byRequest = headers.get(CALLER_HEADER);
  if (byRequest === null) return null;
  return {
    byRequest,
    byUser: headers.get(USER_CALLER_HEADER),
    isRepeating: headers.has(IS_REPEATING_HEADER),
  };
}
