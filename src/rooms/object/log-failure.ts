import { createHash } from 'node:crypto';
import { describeError, getStack } from '../../lib/log-text.ts';

/**
 * Logs an unexpected exception. Received bytes are logged by size and hash, never by content.
 * @param received the message that caused it; `null`: none
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
