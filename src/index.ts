import type { Bindings } from './domain/env.ts';
import { createApp } from './worker/app.ts';

export { AccountEraser, DocumentRoom, WorkspaceRoom } from './worker/objects.ts';

const app = createApp(async () => (await import('./worker/other-routes.ts')).otherRoutes);

export default {
  fetch: app.fetch,
  async scheduled(_controller, env) {
    const { runCron } = await import('./worker/cron.ts');
    await runCron(env);
  },
} satisfies ExportedHandler<Bindings>;
