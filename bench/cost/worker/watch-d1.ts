import { scopes } from './account.ts';

/** As D1 answers each statement, whichever method asked for it. */
interface Answer {
  readonly meta?: { readonly rows_read?: number; readonly rows_written?: number };
}

let isWatched = false;

/**
 * Counts the rows of all D1 databases from now on, by D1's own `meta`, which only some of its methods give to their caller. So they are
 * counted where every method sends its statements: an inner method of the runtime's binding.
 * @throws where this runtime has no such method: what is not counted must not be taken for nothing
 */
export function watchD1(db: D1Database): void {
  if (isWatched) return;
  isWatched = true;
  const session: object = Object.getPrototypeOf(db.withSession('first-primary'));
  for (const name of ['_send', '_queryOrThrow']) {
    const method: unknown = Reflect.get(session, name);
    if (typeof method !== 'function') throw new Error(`D1's sessions have no ${name} any more`);
    Object.defineProperty(session, name, {
      async value(this: unknown, ...args: unknown[]) {
        const scope = scopes.getStore();
        const answer: Answer | readonly Answer[] = await Reflect.apply(method, this, args);
        if (scope !== undefined) {
          for (const { meta } of Array.isArray(answer) ? answer : [answer]) {
            scope.account.d1RowsRead += meta?.rows_read ?? 0;
            scope.account.d1RowsWritten += meta?.rows_written ?? 0;
          }
        }
        return answer;
      },
    });
  }
}
