import type { Bindings } from '../../../src/domain/env.ts';
import worker, { AccountEraser, DocumentRoom, WorkspaceRoom } from '../../../src/index.ts';

/**
 * The Worker with a clock (`Date.now`) that runs N times as fast after `POST /clock?times=N`, so that limits of minutes can
 * be tested in less time.
 */
export { AccountEraser, DocumentRoom, WorkspaceRoom };

const realNow = Date.now.bind(Date);
let since = 0;
let times = 1;
Date.now = () => Math.round(realNow() + Math.max(0, realNow() - since) * (times - 1));

export default {
  ...worker,
  fetch(request, env, ctx) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname !== '/clock') return worker.fetch(request, env, ctx);
    since = realNow();
    times = Number(searchParams.get('times'));
    return new Response(null, { status: 204 });
  },
} satisfies ExportedHandler<Bindings>;
