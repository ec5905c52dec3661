import type { Bindings } from '../../../src/domain/env.ts';
import worker, {
  AccountEraser,
  DocumentRoom as Documents,
  WorkspaceRoom as Workspaces,
} from '../../../src/index.ts';

/**
 * The Worker with a count of the D1 rows written per room (`meta.rows_written`): `GET /counted`. A header selects a
 * registry that is absent, slow or failing (bench/registry/writes.ts). Every sync of a document whose name ends in
 * `always-changed` is recorded.
 */
export { AccountEraser };

const HEADER = 'x-registry';
/** The values of the header. */
const REGISTRIES = ['as it is', 'none', 'slow', 'failing'] as const;
type Registry = (typeof REGISTRIES)[number];

const ALWAYS_CHANGED_SUFFIX = ':always-changed';
const SLOW_BY_MS = 10_000;
const FAILURE = 'D1_ERROR: this registry fails';

// `wrangler dev` takes some milliseconds for each printed line, which would delay the responses.
const printError = console.error.bind(console);
console.error = (...values) => {
  const [record] = values;
  const isWanted = typeof record === 'object' && String(Reflect.get(record, 'error')).includes(FAILURE);
  if (!isWanted) printError(...values);
};

const rowsWritten = new Map<string, number>();

export default {
  ...worker,
  fetch(request, env, ctx) {
    const { pathname } = new URL(request.url);
    if (pathname === '/counted') return Response.json(Object.fromEntries(rowsWritten));
    const isRoomPath = pathname.startsWith('/documents/') || pathname.startsWith('/workspaces/');
    if (!isRoomPath) return worker.fetch(request, env, ctx);
    const requested = request.headers.get(HEADER) ?? 'as it is';
    const registry = REGISTRIES.find((known) => known === requested);
    if (registry === undefined) throw new Error(`${HEADER}: ${requested}`);
    return worker.fetch(request, { ...env, DB: createCountedDatabase(env.DB, registry) }, ctx);
  },
} satisfies ExportedHandler<Bindings>;

export class WorkspaceRoom extends Workspaces {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, { ...env, DB: createCountedDatabase(env.DB, 'as it is') });
  }
}

export class DocumentRoom extends Documents {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, { ...env, DB: createCountedDatabase(env.DB, 'as it is') });
  }

  override sync(...args: Parameters<Documents['sync']>): ReturnType<Documents['sync']> {
    const synced = super.sync(...args);
    if (synced.kind !== 'reached') return synced;
    return {
      ...synced,
      shouldRecord: synced.shouldRecord || this.ctx.id.name?.endsWith(ALWAYS_CHANGED_SUFFIX) === true,
    };
  }
}

/** Only batches write the registry. The first parameter of their statements is the room's name. */
function createCountedDatabase(db: D1Database, registry: Registry): D1Database {
  const names = new WeakMap<D1PreparedStatement, unknown>();
  const batch = async (statements: D1PreparedStatement[]): Promise<D1Result[]> => {
    if (registry === 'none') return [];
    if (registry === 'failing') throw new Error(FAILURE);
    if (registry === 'slow') await new Promise((resolve) => setTimeout(resolve, SLOW_BY_MS));
    const results = await db.batch(statements);
    statements.forEach((statement, index) => {
      const name = String(names.get(statement));
      const written = results[index]?.meta.rows_written ?? 0;
      rowsWritten.set(name, (rowsWritten.get(name) ?? 0) + written);
    });
    return results;
  };
  const prepare = (sql: string) => {
    const statement = db.prepare(sql);
    return {
      bind(...parameters: unknown[]) {
        const bound = statement.bind(...parameters);
        names.set(bound, parameters[0]);
        return bound;
      },
    };
  };
  return new Proxy(db, {
    get(_, property) {
      if (property === 'batch') return batch;
      if (property === 'prepare') return prepare;
      throw new Error(`not counted: ${String(property)}`);
    },
  });
}
