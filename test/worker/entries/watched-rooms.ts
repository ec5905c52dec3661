import type { Bindings } from '../../../src/domain/env.ts';
import worker, {
  AccountEraser,
  DocumentRoom as Documents,
  WorkspaceRoom as Workspaces,
} from '../../../src/index.ts';

/**
 * The Worker as it is, except that each room prints a line when an instance of it comes to life (`woke NAME`), when it
 * begins to compact its log (`compacting NAME`), and when the alarm in which it does so is over (`alarm over NAME`). Rooms
 * of certain names hold themselves awake (test/slow/hibernation.test.ts).
 */
export default worker;
export { AccountEraser };

/** Rooms that have begun to compact their log. */
const compacting = new WeakSet<DurableObjectStorage>();

export class WorkspaceRoom extends Workspaces {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    watch(ctx);
  }

  override alarm(): Promise<void> {
    return announced(this.ctx, () => super.alarm());
  }
}

export class DocumentRoom extends Documents {
  constructor(ctx: DurableObjectState, env: Bindings) {
    super(ctx, env);
    watch(ctx);
  }

  override alarm(): Promise<void> {
    return announced(this.ctx, () => super.alarm());
  }
}

function watch(ctx: DurableObjectState): void {
  const { name = '' } = ctx.id;
  console.warn(`woke ${name}`);
  // A room waits for its writes to be durable when it has marked that it begins to compact; or to make a version, but that
  // it does some minutes later.
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

async function announced({ id, storage }: DurableObjectState, alarm: () => Promise<void>): Promise<void> {
  await alarm();
  if (compacting.delete(storage)) console.warn(`alarm over ${id.name ?? ''}`);
}
