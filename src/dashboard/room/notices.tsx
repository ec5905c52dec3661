import type { DoType } from '../../domain/instance.ts';
import { Ago, Bytes } from '../ui/figures.tsx';
import { formatCount } from '../ui/format.ts';
import { DONE, type Done, type Outcome, type ShownRoom } from './deps.ts';

const SAID: Readonly<Record<Done, string>> = {
  created: 'The room is there. It is empty.',
  recreated: 'The room is there again. It is empty.',
  'there-already': 'The room was there already.',
  deleted: 'The room is deleted, and so is what it stored.',
  compacted: 'The room is compacted. What it says has not changed.',
  'nothing-to-gain': 'There is nothing to gain: the room is as compact as it can be.',
  'version-made': 'The version is kept. You can come back to it at any time.',
  'version-deleted': 'The version is deleted. The document is as it was.',
  restored: 'The version is restored, as a new edit that every client receives.',
};

/** What a page's address says was done; anything else says nothing. */
export function readDone(text: string | undefined): Done | null {
  return DONE.find((done) => done === text) ?? null;
}

/** What came of an action that led to this page. */
export function Notice({ done, failed }: { done: Done | null; failed: Outcome | null }) {
  if (failed !== null && !failed.ok) {
    // What is wrong with an input is said beside it.
    return failed.field === undefined ? (
      <p class="error banner" role="alert">
        {failed.message}
      </p>
    ) : null;
  }
  return done === null ? null : (
    <p class="notice" role="status">
      {SAID[done]}
    </p>
  );
}

const SPACE_ADVICE: Readonly<Record<DoType, string>> = {
  workspace: 'Delete content in it: what is deleted makes space.',
  document:
    'A document keeps what is deleted, for its versions: delete versions, or move content to another room.',
};

interface Warned {
  readonly doType: DoType;
  readonly view: ShownRoom;
  /** Unix milliseconds. */
  readonly now: number;
}

/** What is wrong with the room itself, for as long as it is. */
export function RoomWarnings({ doType, view, now }: Warned) {
  const { damage, refusal } = view;
  return (
    <div data-live="warnings">
      {refusal === null ? null : (
        <p class="error banner" role="status">
          Edits are being refused: the room is full. The last one, of <Bytes bytes={refusal.bytes} />, came{' '}
          <Ago then={refusal.at} now={now} />. Deletions are accepted. {SPACE_ADVICE[doType]}
        </p>
      )}
      {damage === null ? null : (
        <p class="error banner" role="status">
          Some of this room cannot be read and is skipped.{' '}
          {damage.updates === 0 ? null : (
            <>
              Unreadable edits: {formatCount(damage.updates)} (<Bytes bytes={damage.bytes} />
              ).{' '}
            </>
          )}
          {damage.records.length === 0 ? null : <>Damaged records: {damage.records.join(', ')}. </>}
          The rest is served. A client that still has the missing content brings it back when it connects.
        </p>
      )}
    </div>
  );
}
