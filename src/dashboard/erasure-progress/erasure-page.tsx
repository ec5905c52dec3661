import { Ago } from '../ui/figures.tsx';
import { formatCount, formatCounted } from '../ui/format.ts';
import type { ErasureProgress } from './deps.ts';

function formatProgress({ state, roomsFound, roomsErased }: ErasureProgress): string {
  if (state === 'finished') return `${formatCounted(roomsErased, 'room', 'rooms')} erased.`;
  if (roomsFound === 0) return 'Looking for rooms …';
  return `${formatCount(roomsErased)} of ${formatCounted(roomsFound, 'room', 'rooms')} erased.`;
}

function Step({ state, children }: { state: 'done' | 'now' | 'later'; children?: string }) {
  const label = { done: 'Done', now: 'In progress', later: 'Pending' }[state];
  return (
    <li class={`step ${state}`}>
      <span class="step-state">{label}</span>
      {children}
    </li>
  );
}

/** Regions are updated while the page is open. */
export function ErasurePage({ progress, now }: { progress: ErasureProgress; now: number }) {
  const { state, roomsFound, roomsErased, requestedAt } = progress;
  const isFinished = state === 'finished';
  const isEmpty = roomsFound > 0 && roomsErased >= roomsFound;
  return (
    <div class="card">
      <div class="stack" data-live="erasure">
        <h1>{isFinished ? 'Your account is erased' : 'Your account is being erased'}</h1>
        <p role="status">{formatProgress(progress)}</p>
        {/* Full when finished, also without rooms. */}
        <progress
          aria-label="Rooms erased"
          max={isFinished ? 1 : Math.max(1, roomsFound)}
          value={isFinished ? 1 : roomsErased}
        />
        <ol class="steps">
          <Step state="done">Signed out everywhere</Step>
          <Step state={isFinished || isEmpty ? 'done' : 'now'}>Rooms and their content</Step>
          <Step state={isFinished ? 'done' : isEmpty ? 'now' : 'later'}>The account itself</Step>
        </ol>
        <p class="hint">
          {isFinished ? (
            'All data is deleted. The e-mail address can be used again.'
          ) : (
            <>
              Requested <Ago then={requestedAt} now={now} />. You can close this page. The erasure continues.
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
