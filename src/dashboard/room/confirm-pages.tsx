import type { Child } from 'hono/jsx';
import { Ago, Bytes } from '../ui/figures.tsx';
import { formatCounted } from '../ui/format.ts';
import type { Outcome, RoomRef, ShownRoom, ShownVersion } from './deps.ts';
import { hasCodePoints } from './match-name.ts';
import { Notice } from './notices.tsx';
import { PartHeading } from './room-heading.tsx';
import { getRoomPaths } from './room-paths.ts';
import { VersionName } from './panels/versions-panel.tsx';
import { Name } from '../ui/name.tsx';

export function DeleteRoomPage(props: { room: RoomRef; view: ShownRoom; failed: Outcome | null }) {
  const { room, view, failed } = props;
  const paths = getRoomPaths(room);
  const error = failed !== null && !failed.ok && failed.field === 'name' ? failed.message : null;
  return (
    <>
      <PartHeading room={room} title={`Delete this ${room.doType}?`} />
      <Notice done={null} failed={failed} />
      <form class="card" method="post" action={paths.delete}>
        <p>
          This deletes <Name class="named" name={room.resourceName} /> with its{' '}
          <Bytes bytes={view.storageBytes} />
          {view.versions === null || view.versions.length === 0
            ? ''
            : ` and ${formatCounted(view.versions.length, 'version', 'versions')}`}
          .{' '}
          {view.connected.sockets > 0
            ? `${formatCounted(view.connected.sockets, 'client is', 'clients are')} connected and will be disconnected. `
            : ''}
          This cannot be undone.
        </p>
        <input type="hidden" name="incarnation" value={view.incarnation} />
        <div class="field">
          <label for="name">Type the room’s name to confirm</label>
          <input
            id="name"
            name="name"
            required
            autofocus
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            aria-invalid={error === null ? undefined : 'true'}
            aria-describedby={`name-hint${error === null ? '' : ' name-error'}`}
          />
          <p class="hint" id="name-hint">
            {hasCodePoints(room.resourceName)
              ? 'Some characters are invisible or look like others. Type their codes as shown above, such as U+200B.'
              : 'As shown above.'}
          </p>
          {error === null ? null : (
            <p class="error" id="name-error" role="alert">
              {error}
            </p>
          )}
        </div>
        <div class="row">
          <button class="bad" type="submit">
            Delete the {room.doType}
          </button>
          <a class="button quiet" href={paths.page}>
            Keep it
          </a>
        </div>
      </form>
    </>
  );
}

interface VersionView {
  readonly room: RoomRef;
  readonly version: ShownVersion;
  readonly incarnation: string;
  readonly now: number;
}

function ConfirmVersion(
  props: VersionView & { title: string; action: string; button: Child; children?: Child },
) {
  const { room, version, now } = props;
  return (
    <>
      <PartHeading room={room} title={props.title} />
      <form class="card" method="post" action={props.action}>
        <p class="named">
          <VersionName version={version} /> <Ago then={version.createdAt} now={now} />
        </p>
        {props.children}
        <input type="hidden" name="incarnation" value={props.incarnation} />
        <div class="row">
          {props.button}
          <a class="button quiet" href={getRoomPaths(room).version(version.id)}>
            View it first
          </a>
        </div>
      </form>
    </>
  );
}

export function RestorePage(props: VersionView) {
  return (
    <ConfirmVersion
      {...props}
      title="Restore this version?"
      action={getRoomPaths(props.room).restore(props.version.id)}
      button={<button type="submit">Restore it</button>}
    >
      <p>
        The document gets the content of this version. All clients receive it as a new edit. The current
        content is kept as a version first, so that you can restore it.
      </p>
    </ConfirmVersion>
  );
}

export function DeleteVersionPage(props: VersionView) {
  return (
    <ConfirmVersion
      {...props}
      title="Delete this version?"
      action={getRoomPaths(props.room).deleteVersion(props.version.id)}
      button={
        <button class="bad" type="submit">
          Delete the version
        </button>
      }
    >
      <p>This cannot be undone. The document does not change.</p>
    </ConfirmVersion>
  );
}
