import { Ago } from '../../ui/figures.tsx';
import { formatCounted } from '../../ui/format.ts';
import type { Outcome, RoomRef, ShownVersion } from '../deps.ts';
import { getRoomPaths } from '../room-paths.ts';
import { Name } from '../../ui/name.tsx';

const VERSIONS_SHOWN = 20;

function CreateVersionForm(props: { room: RoomRef; incarnation: string; failed: Outcome | null }) {
  const { failed } = props;
  const error = failed !== null && !failed.ok && failed.field === 'label' ? failed.message : null;
  return (
    <form class="make-version" method="post" action={getRoomPaths(props.room).versions}>
      <input type="hidden" name="incarnation" value={props.incarnation} />
      <label for="label">Keep the current content as a version</label>
      <div class="row">
        <input
          id="label"
          name="label"
          maxlength={256}
          placeholder="Label (optional)"
          autocomplete="off"
          aria-invalid={error === null ? undefined : 'true'}
          aria-describedby={error === null ? undefined : 'label-error'}
        />
        <button type="submit">Keep version</button>
      </div>
      {error === null ? null : (
        <p class="error" id="label-error" role="alert">
          {error}
        </p>
      )}
    </form>
  );
}

export function VersionName({ version }: { version: Pick<ShownVersion, 'label' | 'automatic'> }) {
  if (version.label !== null) return <Name name={version.label} isCut />;
  return <span class="unknown">{version.automatic ? 'automatic' : 'no label'}</span>;
}

/** Newest first. */
export function VersionsPanel(props: {
  room: RoomRef;
  versions: readonly ShownVersion[];
  incarnation: string;
  showsAll: boolean;
  failed: Outcome | null;
  now: number;
}) {
  const { room, versions, showsAll, now } = props;
  const paths = getRoomPaths(room);
  const shown = showsAll ? versions : versions.slice(0, VERSIONS_SHOWN);
  return (
    <section class="panel" aria-labelledby="versions-heading">
      <h2 id="versions-heading" class="panel-head">
        Versions
      </h2>
      <div class="panel-body">
        <CreateVersionForm room={room} incarnation={props.incarnation} failed={props.failed} />
      </div>
      <div data-live="versions">
        {versions.length === 0 ? (
          <p class="panel-body hint">
            None yet. A document keeps a version every ten minutes while it is edited, and when you create
            one.
          </p>
        ) : (
          <table class="versions" aria-labelledby="versions-heading">
            <thead class="unseen">
              <tr>
                <th scope="col">Version</th>
                <th scope="col">Created</th>
                <th scope="col">Actions</th>
              </tr>
            </thead>
            <tbody>
              {shown.map((version) => (
                <tr>
                  <th scope="row">
                    <a class="version-name" id={`version-${version.id}`} href={paths.version(version.id)}>
                      <VersionName version={version} />
                    </a>
                  </th>
                  <td class="hint">
                    <Ago then={version.createdAt} now={now} />
                  </td>
                  <td class="actions">
                    <a href={paths.restore(version.id)} aria-describedby={`version-${version.id}`}>
                      Restore
                    </a>
                    <a href={paths.deleteVersion(version.id)} aria-describedby={`version-${version.id}`}>
                      Delete
                    </a>
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
        {shown.length < versions.length ? (
          <p class="panel-foot">
            <a href={`${paths.page}?versions=all#versions-heading`}>
              Show all {formatCounted(versions.length, 'version', 'versions')}
            </a>
          </p>
        ) : null}
      </div>
    </section>
  );
}
