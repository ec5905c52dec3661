import type { SignedInUser } from '../http/current-user.ts';
import { Field, FormBanner, type FormError } from '../ui/field.tsx';
import { MAX_EMAIL_CHARACTERS, MAX_PASSWORD_CHARACTERS } from '../sign-in/forms.ts';
import { Name } from '../ui/name.tsx';

/** Asks once more, by name, before what cannot be undone. */
export function DeletePage(props: {
  user: SignedInUser;
  hasPassword: boolean;
  typedEmail: string;
  error: FormError | null;
}) {
  const { user, error } = props;
  return (
    <form class="card" method="post" action="/dashboard/account/delete" aria-labelledby="heading">
      <h1 id="heading">Delete your account?</h1>
      <p>
        The account <Name class="clip strong" name={user.email} /> goes, and with it every room of yours:
        documents, workspaces and all their versions. You are signed out everywhere at once.{' '}
        <strong>Nothing can stop it or bring it back.</strong>
      </p>
      <FormBanner error={error} />
      <Field
        name="email"
        label="Your e-mail address, to confirm"
        type="email"
        autocomplete="off"
        maxlength={MAX_EMAIL_CHARACTERS}
        value={props.typedEmail}
        error={error}
        first
      />
      {props.hasPassword ? (
        <Field
          name="password"
          label="Your password"
          type="password"
          autocomplete="current-password"
          maxlength={MAX_PASSWORD_CHARACTERS}
          error={error}
        />
      ) : null}
      <button class="danger" type="submit">
        Delete account and all rooms
      </button>
      <p class="aside">
        <a href="/dashboard/account">Keep the account</a>
      </p>
    </form>
  );
}
