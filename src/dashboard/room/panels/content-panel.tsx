import { getCanonicalPath } from '../../../domain/room-paths.ts';
import type { RoomRef, ShownRoom } from '../deps.ts';

/** Content of a room that was not used for this time loads only on request, because loading counts as a use. */
const UNUSED_FOR_MS = 30 * 24 * 60 * 60 * 1_000;

/** assets/room.ts shows the content here and updates it. */
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
          <p class="hint">This page needs JavaScript to show the content.</p>
        </noscript>
        <p class="hint" data-waiting hidden>
          Reading the content…
        </p>
      </div>
      <div class="panel-foot">
        <a class="button quiet" href={api} download={`${getFileName(room)}.bin`}>
          Download as a Yjs update
        </a>
        <button class="quiet" type="button" data-download-json={`${getFileName(room)}.json`} hidden>
          Download as JSON
        </button>
      </div>
    </section>
  );
}

/** A name that is valid on every file system. */
export function getFileName({ resourceName }: RoomRef): string {
  const plain = resourceName.replaceAll(/[^\p{L}\p{N}\-_. ]+/gu, '-').replaceAll(/^[-. ]+|[-. ]+$/g, '');
  return plain.slice(0, 80) || 'room';
}
