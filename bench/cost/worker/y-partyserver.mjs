import worker, { Document as Documents } from '../../peers/y-partyserver.mjs';
import { watchEvents, watchObject } from './watch-object.ts';
import { watchPlatform } from './watch-platform.ts';
import { metered } from './watch-requests.ts';

/** The peer as it is, metered; and once more with the hibernation that partyserver's README offers. */
export default metered(worker, /^\/parties\/[^/]+\/([^/]+)$/);

export class Document extends Documents {
  constructor(ctx, env) {
    const constructed = watchObject(ctx);
    super(ctx, env);
    constructed(this);
  }
}

export class Hibernating extends Documents {
  static options = { hibernate: true };

  constructor(ctx, env) {
    const constructed = watchObject(ctx);
    super(ctx, env);
    constructed(this);
  }
}

watchPlatform();
for (const objects of [Document, Hibernating]) watchEvents(objects, false);
