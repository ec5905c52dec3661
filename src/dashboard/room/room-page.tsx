import type { SignedInUser } from '../http/current-user.ts';
import { Ago, Bytes, Figure } from '../ui/figures.tsx';
import { formatCount, formatShare } from '../ui/format.ts';
import { BytesPanel } from './panels/bytes-panel.tsx';
import { ConnectPanel } from './panels/connect-panel.tsx';
import { ContentPanel } from './panels/content-panel.tsx';
import type { Done, Outcome, RoomRef, ShownRoom } from './deps.ts';
import { Notice, RoomWarnings } from './notices.tsx';
import { PeoplePanel } from './panels/people-panel.tsx';
import { RoomHeading } from './room-heading.tsx';
import { getRoomPaths } from './room-paths.ts';
import { VersionsPanel } from './panels/versions-panel.tsx';

function Facts({ view, now }: { view: ShownRoom; now: number }) {
  const { storageBytes, limits, connected } = view;
  const usedAt = Math.max(view.lastAccessedAt ?? 0, view.lastEditAt);
  return (
    <dl class="figures" data-live="facts">
      <Figure label="Stored" note={`${formatShare(storageBytes / limits.maxRoomBytes)} of its limit`}>
        <Bytes bytes={storageBytes} />
      </Figure>
      <Figure label="Connected now">{formatCount(connected.sockets)}</Figure>
      <Figure label="Last used" isWords>
        <Ago then={usedAt} now={now} />
      </Figure>
      <Figure label="Created" isWords>
        <Ago then={view.createdAt} now={now} />
      </Figure>
    </dl>
  );
}

export interface RoomPageView {
  readonly room: RoomRef;
  /** The owner. */
  readonly user: SignedInUser;
  readonly view: ShownRoom;
  readonly origin: string;
  readonly done: Done | null;
  readonly failed: Outcome | null;
  readonly showsAllVersions: boolean;
  /** Unix milliseconds. */
  readonly now: number;
}

/** The page of a live room. */
export function RoomPage(props: RoomPageView) {
  const { room, user, view, origin, done, failed, showsAllVersions, now } = props;
  return (
    <>
      <RoomHeading room={room} kind="live" now={now} />
      <Notice done={done} failed={failed} />
      <RoomWarnings doType={room.doType} view={view} now={now} />
      <Facts view={view} now={now} />
      <div class="room-columns">
        <div>
          <ContentPanel {...{ room, view, now }} userId={user.id} />
          {view.versions === null ? null : (
            <VersionsPanel
              room={room}
              versions={view.versions}
              incarnation={view.incarnation}
              showsAll={showsAllVersions}
              failed={failed}
              now={now}
            />
          )}
          <ConnectPanel {...{ room, origin, user }} />
        </div>
        <div>
          <BytesPanel {...{ room, view, now }} />
          <PeoplePanel connected={view.connected} limits={view.limits} />
          <section class="panel" aria-labelledby="delete-heading">
            <h2 id="delete-heading" class="panel-head">
              Delete this room
            </h2>
            <p class="panel-body hint">
              Deletes its content{room.doType === 'document' ? ', its versions' : ''} and its history for all
              users. You will be asked to confirm.
            </p>
            <p class="panel-foot">
              <a class="button bad" href={getRoomPaths(room).delete}>
                Delete…
              </a>
            </p>
          </section>
        </div>
      </div>
    </>
  );
}
