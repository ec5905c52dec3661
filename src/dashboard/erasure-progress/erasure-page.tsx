import { Ago } from '../ui/figures.tsx';
import { formatCount, formatCountOf } from '../ui/format.ts';
import type { ErasureProgress } from './deps.ts';

function roomsLine({ state, roomsFound, roomsErased }: ErasureProgress): string {
  if (state === 'finished') return `${formatCountOf(roomsErased, 'room', 'rooms')} erased.`;
  if (roomsFound === 0) return 'Looking for rooms …';
  return `${formatCount(roomsErased)} of ${formatCountOf(roomsFound, 'room', 'rooms')} erased.`;
}

/** A step is done, under way, or to come. */
function Step({ state, children }: { state: 'done' | 'now' | 'later'; children?: string }) {
  const said = { done: 'Done', now: 'Under way', later: 'To come' }[state];
  return (
    <li class={`step ${state}`}>
      <span class="step-state">{said}</span>
      {children}
    </li>
  );
}

/** How far the erasure of an account is. Its regions are replaced while the page is open. */
export function ErasurePage({ progress, now }: { progress: ErasureProgress; now: number }) {
  const { state, roomsFound, roomsErased, requestedAt } = progress;
  const isFinished = state === 'finished';
  const isEmpty = roomsFound > 0 && roomsErased >= roomsFound;
  return (
    <div class="card">
      <div class="stack" data-live="erasure">
        <h1>{isFinished ? 'Your account is erased' : 'Your account is being erased'}</h1>
        <p role="status">{roomsLine(progress)}</p>
        {/* A finished one is full also where there was no room. */}
        <progress
          aria-label="Rooms erased"
          max={isFinished ? 1 : Math.max(1, roomsFound)}
          value={isFinished ? 1 : roomsErased}
        />
        <ol class="steps">
          <Step state="done">Signed out everywhere</Step>
          <Step state={isFinished || isEmpty ? 'done' : 'now'}>Rooms and all that was in them</Step>
          <Step state={isFinished ? 'done' : isEmpty ? 'now' : 'later'}>The account itself</Step>
        </ol>
        <p class="hint">
          {isFinished ? (
            'Nothing of it is left, and its e-mail address is free again.'
          ) : (
            <>
              Asked for <Ago then={requestedAt} now={now} />. You can close this page: it goes on without you.
            </>
          )}
        </p>
      </div>
      <p class="aside">
        <a href="/sign-up">Create a new account</a>
      </p>
    </div>
  );
}
