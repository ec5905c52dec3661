import { createHash } from 'node:crypto';
import { describeError, getStack } from '../../lib/log-text.ts';

/**
 * Logs an exception that no code path expects. What was received is described by its size and hash, never by its content.
 * @param received what led to it; `null`: nothing that a client sent
 */
export function logFailure(
  event: string,
  doName: string | undefined,
  received: Uint8Array | null,
  error: unknown,
): void {
  console.error({
    event,
    doName,
    ...(received !== null && {
      bytes: received.byteLength,
      sha256: createHash('sha256').update(received).digest('hex'),
    }),
    error: describeError(error),
    stack: getStack(error),
  });
}
