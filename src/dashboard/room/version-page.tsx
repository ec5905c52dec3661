import { getCanonicalPath } from '../../domain/room-paths.ts';
import { Ago } from '../ui/figures.tsx';
import { getFileName } from './panels/content-panel.tsx';
import type { RoomRef, ShownVersion } from './deps.ts';
import { PartHeading } from './room-heading.tsx';
import { getRoomPaths } from './room-paths.ts';
import { VersionName } from './panels/versions-panel.tsx';

/** A version's content. The script decodes the update in the browser. */
export function VersionPage(props: { room: RoomRef; userId: string; version: ShownVersion; now: number }) {
  const { room, userId, version, now } = props;
  const paths = getRoomPaths(room);
  const api = getCanonicalPath({ ...room, userId });
  const update = `${api}/snapshots/${version.id}`;
  return (
    <>
      <PartHeading room={room} title="Version">
        <p class="named">
          <VersionName version={version} /> <Ago then={version.createdAt} now={now} />
        </p>
      </PartHeading>
      <section
        class="panel content"
        aria-labelledby="content-heading"
        data-version-content={update}
        data-api={api}
      >
        <div class="panel-head">
          <h2 id="content-heading">Content of this version</h2>
          <p class="hint" role="status" data-connection />
        </div>
        <div class="panel-body difference-place" data-difference />
        <div class="tree" data-tree tabindex={0} role="group" aria-labelledby="content-heading">
          <noscript>
            <p class="hint">This page needs JavaScript to show the content.</p>
          </noscript>
          <p class="hint" data-waiting hidden>
            Reading the version…
          </p>
        </div>
        <div class="panel-foot">
          <a class="button" href={paths.restore(version.id)}>
            Restore…
          </a>
          <a class="button quiet" href={update} download={`${getFileName(room)}-${version.id}.bin`}>
            Download as a Yjs update
          </a>
          <button
            class="quiet"
            type="button"
            data-download-json={`${getFileName(room)}-${version.id}.json`}
            hidden
          >
            Download as JSON
          </button>
          <a class="button bad" href={paths.deleteVersion(version.id)}>
            Delete…
          </a>
        </div>
      </section>
    </>
  );
}
