/**
 * Waits for a promise for a limited time. After a timeout the work goes on, but its result is ignored.
 * @param what names the work in the error
 * @throws what `promise` throws, or an error after `ms` milliseconds
 */
export async function within<Result>(
  ms: number,
  promise: Promise<Result>,
  what = 'the call',
): Promise<Result> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
