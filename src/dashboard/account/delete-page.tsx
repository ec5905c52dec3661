import type { SignedInUser } from '../http/current-user.ts';
import { Field, FormBanner, type FormError } from '../ui/field.tsx';
import { MAX_EMAIL_CHARACTERS, MAX_PASSWORD_CHARACTERS } from '../sign-in/forms.ts';
import { Name } from '../ui/name.tsx';

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
        This deletes the account <Name class="clip strong" name={user.email} /> and all your rooms: documents,
        workspaces and all versions. You are signed out everywhere at once.{' '}
        <strong>This cannot be stopped or undone.</strong>
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
