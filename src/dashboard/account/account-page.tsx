import type { Child } from 'hono/jsx';
import type { SignedInUser } from '../deps.ts';
import { Field, FormBanner, type FormError } from '../field.tsx';
import {
  MAX_EMAIL_CHARACTERS,
  MAX_NAME_CHARACTERS,
  MAX_PASSWORD_CHARACTERS,
  MIN_PASSWORD_CHARACTERS,
} from '../sign-in/forms.ts';
import type { AccountSummary } from './deps.ts';
import type { AccountForm } from './forms.ts';
import type { ProviderId } from '../sign-in/deps.ts';
import { ProvidersSection } from './providers-section.tsx';
import { SessionsSection } from './sessions-section.tsx';

/** What was done, by the code in the address: the address says nothing that is shown. */
const DONE = {
  name: 'Your name is changed.',
  email: 'Your e-mail address is changed. Sign in with it from now on.',
  password: 'Your password is changed. All other sessions were signed out.',
  'new-password': 'Your password is set.',
  session: 'That session is signed out.',
  others: 'All other sessions are signed out.',
  link: 'The accounts are linked: you can sign in with either.',
  unlink: 'That account is not linked any more.',
} as const;
export type Done = keyof typeof DONE;

export const isDone = (code: string | undefined): code is Done =>
  code !== undefined && Object.hasOwn(DONE, code);

/** A form that is shown again. */
export interface Refused {
  readonly form: AccountForm;
  readonly error: FormError;
  /** What was typed, never a password. */
  readonly typed: { readonly name?: string; readonly email?: string };
}

export interface AccountPageProps {
  readonly user: SignedInUser;
  readonly account: AccountSummary;
  readonly done: Done | null;
  readonly refused: Refused | null;
  /** What a provider or an action without inputs was refused with. */
  readonly problem: string | null;
  /** Whose accounts can be linked. */
  readonly providers: readonly ProviderId[];
  /** Unix milliseconds. */
  readonly now: number;
}

function Setting(props: { id: string; title: string; about: Child; children?: Child; live?: string }) {
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

function PasswordSetting({ account, user, errorOf }: SettingProps) {
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

interface SettingProps {
  readonly user: SignedInUser;
  readonly account: AccountSummary;
  readonly typed: Refused['typed'];
  readonly errorOf: (form: AccountForm) => FormError | null;
}

function NameSetting({ user, typed, errorOf }: SettingProps) {
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

function EmailSetting({ user, account, typed, errorOf }: SettingProps) {
  const error = errorOf('email');
  return (
    <Setting
      id="email"
      title="E-mail address"
      about={
        <>
          You sign in with <bdi class="clip">{user.email}</bdi>. A new address counts at once: no mail is sent
          to confirm it, so check that it is right.
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

/** All that a user can change of his own account. */
export function AccountPage(props: AccountPageProps) {
  const { user, account, done, refused, now } = props;
  const setting: SettingProps = {
    user,
    account,
    typed: refused?.typed ?? {},
    errorOf: (form) => (refused?.form === form ? refused.error : null),
  };
  return (
    <>
      <div class="heading">
        <h1>Account</h1>
      </div>
      {done === null ? null : (
        <p class="notice" role="status">
          {DONE[done]}
        </p>
      )}
      <FormBanner error={props.problem === null ? null : { message: props.problem }} />
      <NameSetting {...setting} />
      <EmailSetting {...setting} />
      <PasswordSetting {...setting} />
      <ProvidersSection
        linked={account.providers}
        offered={props.providers}
        mayUnlink={account.hasPassword || account.providers.length > 1}
      />
      <SessionsSection sessions={account.sessions} current={user.sessionId} now={now} />
      <Setting
        id="delete"
        title="Delete account"
        about="Your account and all your rooms, with everything in them. This cannot be undone."
      >
        <p>
          <a class="button bad" href="/dashboard/account/delete">
            Delete account…
          </a>
        </p>
      </Setting>
    </>
  );
}
