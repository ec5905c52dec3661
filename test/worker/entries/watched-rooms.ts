import type { Bindings } from '../../../src/domain/env.ts';
import worker, {
  AccountEraser,
  DocumentRoom as Documents,
  WorkspaceRoom as Workspaces,
} from '../../../src/index.ts';

/**
 * The Worker with rooms that print a line when an instance starts (`woke NAME`), when a compaction starts
 * (`compacting NAME`) and when its alarm ends (`alarm over NAME`). Rooms with certain names prevent their own hibernation
 * (test/slow/hibernation.test.ts).
 */
export default worker;
export { AccountEraser };

/** The storage of rooms with a compaction in this alarm. */
const compacting = new WeakSet<DurableObjectStorage>();

export class WorkspaceRoom extends Workspaces {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    watch(ctx);
  }

  override alarm(): Promise<void> {
    return runAnnounced(this.ctx, () => super.alarm());
  }
}

export class DocumentRoom extends Documents {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    watch(ctx);
  }

  override alarm(): Promise<void> {
    return runAnnounced(this.ctx, () => super.alarm());
  }
}

function watch(ctx: DurableObjectState): void {
  const { name = '' } = ctx.id;
  console.warn(`woke ${name}`);
  // A room calls `sync` after it has recorded the start of a compaction. The `sync` of an automatic version is minutes later.
  const sync = ctx.storage.sync.bind(ctx.storage);
  Object.defineProperty(ctx.storage, 'sync', {
    value: async () => {
      await sync();
      compacting.add(ctx.storage);
      console.warn(`compacting ${name}`);
    },
  });
  if (name.endsWith(':held-by-a-timer')) setInterval(() => {}, 1_000);
  if (name.endsWith(':held-by-a-promise')) ctx.waitUntil(new Promise(() => {}));
}

async function runAnnounced({ id, storage }: DurableObjectState, alarm: () => Promise<void>): Promise<void> {
  await alarm();
  if (compacting.delete(storage)) console.warn(`alarm over ${id.name ?? ''}`);
}
