import { z } from 'zod';
import type { Bindings } from '../../../src/domain/env.ts';
import worker, { AccountEraser, DocumentRoom, WorkspaceRoom } from '../../../src/index.ts';
import { PASS_LIMITS } from '../../../src/mirror/passes/incremental-pass.ts';
import { runMirror, runReconcile } from '../../../src/mirror/passes/run.ts';
import { readChangesAfter } from '../../../src/registry/changes/changes.ts';
import { readStorageDays, getChangedUsers } from '../../../src/registry/changes/storage-days.ts';

/**
 * The Worker with routes for bench/registry/mirror.ts: SQL in D1, the passes of the mirror, and the rows that an
 * incremental pass reads. Not for deployment.
 */
export { AccountEraser, DocumentRoom, WorkspaceRoom };

const Statements = z.array(z.tuple([z.string(), z.array(z.union([z.string(), z.number(), z.null()]))]));

export default {
  ...worker,
  async fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    switch (pathname) {
      case '/measured/sql': {
        const statements = Statements.parse(await request.json());
        const results = await env.DB.batch(
          statements.map(([sql, values]) => env.DB.prepare(sql).bind(...values)),
        );
        return Response.json(results.map(({ results: [first], meta }) => ({ first, meta })));
      }
      case '/measured/incremental':
        return Response.json(await runMirror(env));
      case '/measured/reconcile':
        return Response.json(await runReconcile(env, 'repair'));
      case '/measured/changes': {
        const page = await readChangesAfter(env.DB, Number(searchParams.get('after')), PASS_LIMITS.batchRows);
        const users = [...getChangedUsers(page).keys()].map((userId) => [userId, 0] as const);
        const { rowsRead } = await readStorageDays(env.DB, users, PASS_LIMITS.batchRows);
        return Response.json({
          changes: page.rows.length + page.tombstones.length,
          rowsRead: page.rowsRead + rowsRead,
        });
      }
      default:
        return worker.fetch(request, env, ctx);
    }
  },
} satisfies ExportedHandler<Bindings>;
