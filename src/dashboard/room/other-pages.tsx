import { Ago, Bytes } from '../ui/figures.tsx';
import type { Done, Outcome, RoomRef } from './deps.ts';
import { Notice } from './notices.tsx';
import { RoomHeading } from './room-heading.tsx';
import { pathsOf } from './room-paths.ts';

interface GoneView {
  readonly room: RoomRef;
  readonly done: Done | null;
  readonly failed: Outcome | null;
  readonly now: number;
}

/** A room that was deleted: what is left of it, and the way to a new one of the name. */
export function DeletedPage(props: GoneView & { deletedAt: number; storageBytes: number }) {
  const { room, now } = props;
  return (
    <>
      <RoomHeading room={room} kind="deleted" now={now} />
      <Notice done={props.done} failed={props.failed} />
      <section class="panel" aria-labelledby="deleted-heading" data-live="room">
        <h2 id="deleted-heading" class="panel-head">
          This {room.doType} was deleted <Ago then={props.deletedAt} now={now} />
        </h2>
        <div class="panel-body prose">
          <p>
            Its content is gone. <Bytes bytes={props.storageBytes} /> stay, so that clients which still have a
            copy do not bring it back: that it was there, and the numbers of the clients that wrote into it.
            Nothing can be read from them.
          </p>
          <p>
            You can make a new room of the same name. It begins empty, and clients of the deleted one are not
            let in with what they have, unless you say so.
          </p>
        </div>
        <form class="panel-foot" method="post" action={pathsOf(room).create}>
          <label class="check">
            <input type="checkbox" name="readmit" value="true" />
            Let clients bring their copies of the old content back
          </label>
          <button type="submit">Recreate the room</button>
        </form>
      </section>
    </>
  );
}

/** A room that never was. */
export function AbsentPage({ room, failed, now }: GoneView) {
  return (
    <>
      <RoomHeading room={room} kind="absent" now={now} />
      <Notice done={null} failed={failed} />
      <section class="panel" aria-labelledby="absent-heading" data-live="room">
        <h2 id="absent-heading" class="panel-head">
          You have no {room.doType} of this name
        </h2>
        <div class="panel-body prose">
          <p>
            A room comes into being when a client first connects to it, or when you create it here. Rooms of
            other people are never yours to see, also where they have the same name.
          </p>
        </div>
        <form class="panel-foot" method="post" action={pathsOf(room).create}>
          <button type="submit">Create it</button>
        </form>
      </section>
    </>
  );
}
