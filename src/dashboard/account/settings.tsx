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

/** A form that is shown again. */
export interface Refused {
  readonly form: AccountForm;
  readonly error: FormError;
  /** What was typed, never a password. */
  readonly typed: { readonly name?: string; readonly email?: string };
}

export interface SettingProps {
  readonly user: SignedInUser;
  readonly account: AccountSummary;
  readonly typed: Refused['typed'];
  readonly errorOf: (form: AccountForm) => FormError | null;
}

/** One thing that can be changed: what it is beside what changes it. */
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

/** The address of the account, for password managers: they cannot tell otherwise whose password it is. */
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

export function PasswordSetting({ account, user, errorOf }: SettingProps) {
  if (!account.hasPassword) {
    const error = errorOf('new-password');
    return (
      <Setting
        id="new-password"
        title="Password"
        about="You have none so far. With one you can sign in by your e-mail address too."
      >
        <SettingForm form="new-password" submit="Set password" error={error}>
          <Username email={user.email} />
          <NewPasswordField form="new-password" error={error} />
        </SettingForm>
      </Setting>
    );
  }
  const error = errorOf('password');
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

export function NameSetting({ user, typed, errorOf }: SettingProps) {
  const error = errorOf('name');
  return (
    <Setting id="name" title="Name" about="What you are called on these pages.">
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

export function EmailSetting({ user, account, typed, errorOf }: SettingProps) {
  const error = errorOf('email');
  return (
    <Setting
      id="email"
      title="E-mail address"
      about={
        <>
          You sign in with <Name class="clip" name={user.email} />. A new address counts at once: no mail is
          sent to confirm it, so check that it is right.
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
        <p class="hint">Set a password first: it is asked for before the address changes.</p>
      )}
    </Setting>
  );
}
