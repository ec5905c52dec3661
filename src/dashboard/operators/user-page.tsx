import type { SignedInUser } from '../http/current-user.ts';
import { Ago, AsOf, Bytes } from '../ui/figures.tsx';
import { Field, FormBanner, type FormError } from '../ui/field.tsx';
import { formatCount, formatCountOf } from '../ui/format.ts';
import { MAX_EMAIL_CHARACTERS } from '../sign-in/forms.ts';
import type { UserDetails } from './deps.ts';
import { OPERATORS_PATH, userPath } from './frame.tsx';
import { Pages } from './ledger.tsx';
import { RoomsLedger } from './rooms-ledger.tsx';
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
            <span class="ill">locked: banned, or being erased</span>
          ) : (
            `signed in ${formatCountOf(person.sessions, 'time', 'times')}`
          )}
        </dd>
        <dt>Stored</dt>
        <dd>
          <Bytes bytes={person.usage.storageBytes} /> in{' '}
          {formatCountOf(person.usage.instances, 'room', 'rooms')}
          {person.usage.unmeasured === 0
            ? null
            : `, ${formatCount(person.usage.unmeasured)} not measured yet`}
        </dd>
      </dl>
    </section>
  );
}

/** One user's account and rooms, as operators see them: names and sizes, no content. */
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
        <AsOf now={now} />
      </div>
      <Facts person={person} now={now} />
      <section class="panel" aria-labelledby="rooms-heading">
        <h2 id="rooms-heading" class="panel-title">
          Rooms by storage
        </h2>
        {person.rows.length === 0 ? (
          <p class="nothing inset">None.</p>
        ) : (
          <RoomsLedger rooms={person.rows} now={now} />
        )}
        <Pages
          path={userPath(person.id)}
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

/** Asks once more, by name, before what cannot be undone. */
export function ErasePage(props: { person: UserDetails; typedEmail: string; error: FormError | null }) {
  const { person, error } = props;
  return (
    <form class="card" method="post" action={`${OPERATORS_PATH}/erase`} aria-labelledby="heading">
      <h1 id="heading">Erase this account?</h1>
      <p>
        The account <Name class="clip strong" name={person.email} /> goes, and with it{' '}
        <strong>{formatCountOf(person.usage.instances, 'room', 'rooms')}</strong> with all that is in them.
        Its user is signed out everywhere at once. <strong>Nothing can stop it or bring it back.</strong>
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
        <a href={userPath(person.id)}>Keep the account</a>
      </p>
    </form>
  );
}
