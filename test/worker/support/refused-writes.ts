import { env } from 'cloudflare:workers';

/** D1's messages for refused writes, as Cloudflare documents them. */
const REFUSALS = {
  full: 'Exceeded maximum DB size',
  'over-limit':
    "Your account has exceeded D1's free tier daily row write limit. Upgrade to a paid plan or wait until tomorrow (midnight UTC) to continue.",
} as const;
export type Refusal = keyof typeof REFUSALS;

/** A full database still deletes; its triggers may insert. */
const REFUSED = { full: ['INSERT'], 'over-limit': ['INSERT', 'UPDATE', 'DELETE'] } as const;

/**
 * Makes the real D1 refuse writes to every table.
 * @returns a function that ends this
 */
export async function refuseWrites(refusal: Refusal): Promise<() => Promise<void>> {
  const { results } = await env.DB.prepare(
    `SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' AND name NOT LIKE '\\_cf%' ESCAPE '\\'`,
  ).all<{ name: string }>();
  const names = results.flatMap(({ name }) =>
    REFUSED[refusal].map((event) => ({ name, event, trigger: `refused_${event}_${name}` })),
  );
  const message = REFUSALS[refusal].replaceAll("'", "''");
  await env.DB.batch(
    names.map(({ name, event, trigger }) =>
      env.DB.prepare(
        `CREATE TRIGGER "${trigger}" BEFORE ${event} ON "${name}" BEGIN SELECT RAISE(ABORT, '${message}'); END`,
      ),
    ),
  );
  return async () => {
    await env.DB.batch(names.map(({ trigger }) => env.DB.prepare(`DROP TRIGGER "${trigger}"`)));
  };
}
