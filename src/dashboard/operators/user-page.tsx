import type { SignedInUser } from '../http/current-user.ts';
import { Ago, ReadAt, Bytes } from '../ui/figures.tsx';
import { Field, FormBanner, type FormError } from '../ui/field.tsx';
import { formatCount, formatCounted } from '../ui/format.ts';
import { MAX_EMAIL_CHARACTERS } from '../sign-in/forms.ts';
import type { UserDetails } from './deps.ts';
import { OPERATORS_PATH, getUserPath } from './frame.tsx';
import { Pages } from './data-table.tsx';
import { RoomsDataTable } from './rooms-data-table.tsx';
import { Name } from '../ui/name.tsx';

function Facts({ person, now }: { person: UserDetails; now: number }) {
  return (
    <section class="panel facts" aria-labelledby="person-heading">
      <h2 id="person-heading">Account</h2>
      <dl>
        <dt>Name</dt>
        <dd>
          <Name class="clip" name={person.name} />
        </dd>
        <dt>E-mail</dt>
        <dd>
          <Name class="clip" name={person.email} />
        </dd>
        <dt>Id</dt>
        <dd>
          <code>
            <Name name={person.id} />
          </code>
        </dd>
        <dt>Since</dt>
        <dd>
          <Ago then={person.createdAt} now={now} />
        </dd>
        <dt>Role</dt>
        <dd>{person.isOperator ? 'operator' : 'user'}</dd>
        <dt>State</dt>
        <dd>
          {person.isBanned ? (
            <span class="ill">locked: banned, or the account is being erased</span>
          ) : (
            `signed in ${formatCounted(person.sessions, 'time', 'times')}`
          )}
        </dd>
        <dt>Stored</dt>
        <dd>
          <Bytes bytes={person.usage.storageBytes} /> in{' '}
          {formatCounted(person.usage.instances, 'room', 'rooms')}
          {person.usage.unmeasured === 0
            ? null
            : `, ${formatCount(person.usage.unmeasured)} not measured yet`}
        </dd>
      </dl>
    </section>
  );
}

/** Names and sizes of a user's rooms, without content. */
export function UserPage(props: {
  person: UserDetails;
  operator: SignedInUser;
  cursor: string | undefined;
  now: number;
}) {
  const { person, cursor, now } = props;
  return (
    <>
      <div class="heading">
        <h1>
          <Name class="clip" name={person.email} />
        </h1>
        <ReadAt now={now} />
      </div>
      <Facts person={person} now={now} />
      <section class="panel" aria-labelledby="rooms-heading">
        <h2 id="rooms-heading" class="panel-title">
          Rooms by storage
        </h2>
        {person.rows.length === 0 ? (
          <p class="nothing inset">None.</p>
        ) : (
          <RoomsDataTable rooms={person.rows} now={now} />
        )}
        <Pages
          path={getUserPath(person.id)}
          label="Pages of rooms"
          cursor={cursor}
          nextCursor={person.nextCursor}
        />
      </section>
      {person.id === props.operator.id || person.isBanned ? null : (
        <p>
          <a
            class="button bad"
            href={`${OPERATORS_PATH}/erase?${new URLSearchParams({ id: person.id }).toString()}`}
          >
            Erase account…
          </a>
        </p>
      )}
    </>
  );
}

export function ErasePage(props: { person: UserDetails; typedEmail: string; error: FormError | null }) {
  const { person, error } = props;
  return (
    <form class="card" method="post" action={`${OPERATORS_PATH}/erase`} aria-labelledby="heading">
      <h1 id="heading">Erase this account?</h1>
      <p>
        This erases the account <Name class="clip strong" name={person.email} /> and{' '}
        <strong>{formatCounted(person.usage.instances, 'room', 'rooms')}</strong> with all content. The user
        is signed out everywhere at once. <strong>This cannot be stopped or undone.</strong>
      </p>
      <FormBanner error={error} />
      <input type="hidden" name="id" value={person.id} />
      <Field
        name="email"
        label="The e-mail address of the account, to confirm"
        type="text"
        autocomplete="off"
        maxlength={MAX_EMAIL_CHARACTERS * 8}
        value={props.typedEmail}
        error={error}
        first
      />
      <button class="danger" type="submit">
        Erase account and all rooms
      </button>
      <p class="aside">
        <a href={getUserPath(person.id)}>Keep the account</a>
      </p>
    </form>
  );
}
