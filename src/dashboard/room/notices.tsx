import type { DoType } from '../../domain/instance.ts';
import { Ago, Bytes } from '../ui/figures.tsx';
import { formatCount } from '../ui/format.ts';
import { DONE, type Done, type Outcome, type ShownRoom } from './deps.ts';

const DONE_MESSAGES: Readonly<Record<Done, string>> = {
  created: 'The room is created. It is empty.',
  recreated: 'The room is created again. It is empty.',
  'there-already': 'The room exists already.',
  deleted: 'The room and its content are deleted.',
  compacted: 'The room is compacted. Its content has not changed.',
  'nothing-to-gain': 'The room is already compact.',
  'version-made': 'The version is created. You can restore it at any time.',
  'version-deleted': 'The version is deleted. The document has not changed.',
  restored: 'The version is restored, as a new edit that every client receives.',
};

/** @param text `done` of the page's address */
export function readDone(text: string | undefined): Done | null {
  return DONE.find((done) => done === text) ?? null;
}

/** The result of the action that redirected to this page. */
export function Notice({ done, failed }: { done: Done | null; failed: Outcome | null }) {
  if (failed !== null && !failed.ok) {
    // An error of an input is shown next to it.
    return failed.field === undefined ? (
      <p class="error banner" role="alert">
        {failed.message}
      </p>
    ) : null;
  }
  return done === null ? null : (
    <p class="notice" role="status">
      {DONE_MESSAGES[done]}
    </p>
  );
}

const SPACE_ADVICE: Readonly<Record<DoType, string>> = {
  workspace: 'Delete content to free space.',
  document:
    'A document keeps deleted content for its versions. Delete versions, or move content to another room.',
};

interface Warned {
  readonly doType: DoType;
  readonly view: ShownRoom;
  /** Unix milliseconds. */
  readonly now: number;
}

export function RoomWarnings({ doType, view, now }: Warned) {
  const { damage, refusal } = view;
  return (
    <div data-live="warnings">
      {refusal === null ? null : (
        <p class="error banner" role="status">
          The room is full and refuses edits. The last refused edit, of <Bytes bytes={refusal.bytes} />, was{' '}
          <Ago then={refusal.at} now={now} />. Deletions are accepted. {SPACE_ADVICE[doType]}
        </p>
      )}
      {damage === null ? null : (
        <p class="error banner" role="status">
          Parts of this room are unreadable and are skipped.{' '}
          {damage.updates === 0 ? null : (
            <>
              Unreadable edits: {formatCount(damage.updates)} (<Bytes bytes={damage.bytes} />
              ).{' '}
            </>
          )}
          {damage.records.length === 0 ? null : <>Damaged records: {damage.records.join(', ')}. </>}
          The rest is served. A client that still has the missing content restores it when it connects.
        </p>
      )}
    </div>
  );
}
