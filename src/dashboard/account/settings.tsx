import type { Child } from 'hono/jsx';
import type { SignedInUser } from '../http/current-user.ts';
import { Field, FormBanner, type FormError } from '../ui/field.tsx';
import {
  MAX_EMAIL_CHARACTERS,
  MAX_NAME_CHARACTERS,
  MAX_PASSWORD_CHARACTERS,
  MIN_PASSWORD_CHARACTERS,
} from '../sign-in/forms.ts';
import type { AccountSummary } from './deps.ts';
import type { AccountForm } from './forms.ts';
import { Name } from '../ui/name.tsx';

export interface RejectedForm {
  readonly form: AccountForm;
  readonly error: FormError;
  /** Values of the inputs, without passwords. */
  readonly typed: { readonly name?: string; readonly email?: string };
}

export interface SettingProps {
  readonly user: SignedInUser;
  readonly account: AccountSummary;
  readonly typed: RejectedForm['typed'];
  readonly getError: (form: AccountForm) => FormError | null;
}

export function Setting(props: { id: string; title: string; about: Child; children?: Child; live?: string }) {
  return (
    <section class="setting panel" aria-labelledby={`${props.id}-heading`} data-live={props.live}>
      <div class="about">
        <h2 id={`${props.id}-heading`}>{props.title}</h2>
        <p>{props.about}</p>
      </div>
      <div class="controls">{props.children}</div>
    </section>
  );
}

function SettingForm(props: {
  form: AccountForm;
  submit: string;
  error: FormError | null;
  children?: Child;
}) {
  return (
    <form
      class="stack"
      method="post"
      action={`/dashboard/account/${props.form}`}
      aria-labelledby={`${props.form}-heading`}
    >
      <FormBanner error={props.error} />
      {props.children}
      <button type="submit">{props.submit}</button>
    </form>
  );
}

/** Password managers need the account's address next to the password. */
function Username({ email }: { email: string }) {
  return <input type="hidden" name="username" autocomplete="username" value={email} />;
}

function NewPasswordField({ form, error }: { form: AccountForm; error: FormError | null }) {
  return (
    <Field
      name="newPassword"
      form={form}
      label="New password"
      type="password"
      autocomplete="new-password"
      minlength={MIN_PASSWORD_CHARACTERS}
      maxlength={MAX_PASSWORD_CHARACTERS}
      hint={`At least ${MIN_PASSWORD_CHARACTERS} characters.`}
      error={error}
    />
  );
}

function CurrentPasswordField({ form, error }: { form: AccountForm; error: FormError | null }) {
  return (
    <Field
      name="password"
      form={form}
      label="Current password"
      type="password"
      autocomplete="current-password"
      maxlength={MAX_PASSWORD_CHARACTERS}
      error={error}
    />
  );
}

export function PasswordSetting({ account, user, getError }: SettingProps) {
  if (!account.hasPassword) {
    const error = getError('new-password');
    return (
      <Setting
        id="new-password"
        title="Password"
        about="You have no password. Set one to sign in with your e-mail address too."
      >
        <SettingForm form="new-password" submit="Set password" error={error}>
          <Username email={user.email} />
          <NewPasswordField form="new-password" error={error} />
        </SettingForm>
      </Setting>
    );
  }
  const error = getError('password');
  return (
    <Setting id="password" title="Password" about="A new password signs out all your other sessions.">
      <SettingForm form="password" submit="Change password" error={error}>
        <Username email={user.email} />
        <CurrentPasswordField form="password" error={error} />
        <NewPasswordField form="password" error={error} />
      </SettingForm>
    </Setting>
  );
}

export function NameSetting({ user, typed, getError }: SettingProps) {
  const error = getError('name');
  return (
    <Setting id="name" title="Name" about="Your name on these pages.">
      <SettingForm form="name" submit="Change name" error={error}>
        <Field
          name="name"
          form="name"
          label="Name"
          type="text"
          autocomplete="name"
          maxlength={MAX_NAME_CHARACTERS}
          value={typed.name ?? user.name}
          error={error}
        />
      </SettingForm>
    </Setting>
  );
}

export function EmailSetting({ user, account, typed, getError }: SettingProps) {
  const error = getError('email');
  return (
    <Setting
      id="email"
      title="E-mail address"
      about={
        <>
          You sign in with <Name class="clip" name={user.email} />. A new address is used at once. No mail is
          sent to confirm it, so check it.
        </>
      }
    >
      {account.hasPassword ? (
        <SettingForm form="email" submit="Change e-mail address" error={error}>
          <Field
            name="email"
            form="email"
            label="New e-mail address"
            type="email"
            autocomplete="email"
            maxlength={MAX_EMAIL_CHARACTERS}
            value={typed.email}
            error={error}
          />
          <CurrentPasswordField form="email" error={error} />
        </SettingForm>
      ) : (
        <p class="hint">Set a password first. It is required to change the address.</p>
      )}
    </Setting>
  );
}
