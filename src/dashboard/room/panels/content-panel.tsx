import { getCanonicalPath } from '../../../domain/room-paths.ts';
import type { RoomRef, ShownRoom } from '../deps.ts';

/**
 * A room that was not used for so long, in milliseconds, is not loaded before its reader asks for it: loading is a use, and a
 * room that is looked at as one that could go would be among the used ones afterwards.
 */
const UNUSED_FOR_MS = 30 * 24 * 60 * 60 * 1_000;

/**
 * Where the script (assets/room.ts) shows what the room holds, and keeps it true. Without a script it says what can be
 * had instead.
 */
export function ContentPanel(props: { room: RoomRef; userId: string; view: ShownRoom; now: number }) {
  const { room, userId, view, now } = props;
  const api = getCanonicalPath({ ...room, userId });
  return (
    <section
      class="panel content"
      aria-labelledby="content-heading"
      data-room-content
      data-api={api}
      data-incarnation={view.incarnation}
      data-bytes={view.storageBytes}
      data-unused={now - (view.lastAccessedAt ?? now) > UNUSED_FOR_MS ? 'true' : undefined}
    >
      <div class="panel-head">
        <h2 id="content-heading">Content</h2>
        <p class="hint" role="status" data-connection />
      </div>
      <div class="tree" data-tree tabindex={0} role="group" aria-labelledby="content-heading">
        <noscript>
          <p class="hint">The content is shown by a script, which this browser does not run.</p>
        </noscript>
        <p class="hint" data-waiting hidden>
          Reading the content…
        </p>
      </div>
      <div class="panel-foot">
        <a class="button quiet" href={api} download={`${fileName(room)}.bin`}>
          Download as a Yjs update
        </a>
        <button class="quiet" type="button" data-download-json={`${fileName(room)}.json`} hidden>
          Download as JSON
        </button>
      </div>
    </section>
  );
}

/** A name that every file system takes. */
export function fileName({ resourceName }: RoomRef): string {
  const plain = resourceName.replaceAll(/[^\p{L}\p{N}\-_. ]+/gu, '-').replaceAll(/^[-. ]+|[-. ]+$/g, '');
  return plain.slice(0, 80) || 'room';
}
