import { Ago, Bytes } from '../ui/figures.tsx';
import type { Done, Outcome, RoomRef } from './deps.ts';
import { Notice } from './notices.tsx';
import { RoomHeading } from './room-heading.tsx';
import { getRoomPaths } from './room-paths.ts';

interface MissingRoomView {
  readonly room: RoomRef;
  readonly done: Done | null;
  readonly failed: Outcome | null;
  readonly now: number;
}

/** A deleted room, with a form that recreates it. */
export function DeletedPage(props: MissingRoomView & { deletedAt: number; storageBytes: number }) {
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
            Its content is deleted. <Bytes bytes={props.storageBytes} /> remain: the record of the deletion
            and the ids of the clients that wrote into the room. They prevent old copies from coming back, and
            contain no content.
          </p>
          <p>
            You can create an empty room with the same name. It refuses clients with copies of the old
            content, unless you allow them here.
          </p>
        </div>
        <form class="panel-foot" method="post" action={getRoomPaths(room).create}>
          <label class="check">
            <input type="checkbox" name="readmit" value="true" />
            Accept old copies from clients
          </label>
          <button type="submit">Recreate the room</button>
        </form>
      </section>
    </>
  );
}

/** A room that never existed. */
export function AbsentPage({ room, failed, now }: MissingRoomView) {
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
            A room is created when a client first connects, or when you create it here. Rooms of other users
            are separate, even if they have the same name.
          </p>
        </div>
        <form class="panel-foot" method="post" action={getRoomPaths(room).create}>
          <button type="submit">Create it</button>
        </form>
      </section>
    </>
  );
}
