import { type Context, Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import * as z from 'zod';
import type { AppEnv } from '../domain/env.ts';
import { problem } from '../lib/problem.ts';
import { readMirrorReport } from './health.ts';
import { RECONCILE_MODES } from './passes/reconcile-record.ts';
import type { MirrorOutcome } from './passes/run.ts';
import { runNow } from './passes/run-now.ts';

const MAX_RUN_BODY_BYTES = 1_024;

/** The body of `POST /run`. `mode` defaults to `repair`. */
export const RunRequest = z.discriminatedUnion('pass', [
  z.strictObject({ pass: z.literal('incremental') }),
  z.strictObject({ pass: z.literal('reconcile'), mode: z.enum(RECONCILE_MODES).optional() }),
]);

const ACCEPTED_BODIES =
  '{"pass":"incremental"}, {"pass":"reconcile"} or {"pass":"reconcile","mode":"detect"} (repairs nothing)';

/** Routes for operators. Run after `requireOperator`. */
export function mirrorRoutes(): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get('/', async (c) => c.json(await readMirrorReport(c.env), 200, { 'cache-control': 'no-store' }));

  routes.post(
    '/run',
    bodyLimit({
      maxSize: MAX_RUN_BODY_BYTES,
      onError: () => problem(413, `The body may have at most ${MAX_RUN_BODY_BYTES} bytes.`),
    }),
    async (c) => {
      const request = RunRequest.safeParse(parseJson(await c.req.text()));
      if (!request.success) {
        return problem(400, `The body must be ${ACCEPTED_BODIES}.`, { field: 'pass' });
      }
      const { data } = request;
      const outcome = await runNow(c.env, data.pass === 'reconcile' ? (data.mode ?? 'repair') : null);
      if (outcome.state === 'behind') {
        return problem(
          409,
          'The mirror is behind. Run the incremental pass until its response has "more": false.',
        );
      }
      return answer(c, outcome);
    },
  );

  return routes;
}

function answer(c: Context<AppEnv>, outcome: MirrorOutcome<object>): Response {
  if (outcome.state === 'off') {
    return problem(409, 'The mirror is off: the Worker has no HYPERDRIVE binding (docs/guide/mirror.md).');
  }
  if (outcome.state === 'failed') {
    return problem(502, `The run failed; the next run continues it. ${outcome.error}`);
  }
  return c.json(outcome.summary, 200, { 'cache-control': 'no-store' });
}

/** @returns `undefined` if the text is not JSON; no schema accepts it */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
