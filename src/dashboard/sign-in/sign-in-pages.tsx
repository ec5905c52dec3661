import type { Child } from 'hono/jsx';
import {
  MAX_EMAIL_CHARACTERS,
  MAX_NAME_CHARACTERS,
  MAX_PASSWORD_CHARACTERS,
  MIN_PASSWORD_CHARACTERS,
} from './forms.ts';
import { Field, FormBanner, type FormError } from '../ui/field.tsx';
import { DEFAULT_NEXT } from '../http/next-path.ts';
import type { ProviderId } from './deps.ts';
import { ProviderButtons } from './providers.tsx';

/** Values of the inputs, without passwords. */
export interface Typed {
  readonly name: string;
  readonly email: string;
}

interface AccountPageProps {
  readonly providers: readonly ProviderId[];
  readonly next: string;
  readonly typed: Typed;
  readonly error: FormError | null;
}

function AccountForm(props: {
  path: string;
  heading: string;
  submit: string;
  page: AccountPageProps;
  children?: Child;
}) {
  const { error, next } = props.page;
  return (
    <form class="card" method="post" action={props.path} aria-labelledby="heading">
      <h1 id="heading">{props.heading}</h1>
      <FormBanner error={error} />
      {next === DEFAULT_NEXT ? null : <input type="hidden" name="next" value={next} />}
      {props.children}
      <button type="submit">{props.submit}</button>
    </form>
  );
}

function withNext(path: string, next: string): string {
  return next === DEFAULT_NEXT ? path : `${path}?${new URLSearchParams({ next }).toString()}`;
}

function EmailField({ page, first = false }: { page: AccountPageProps; first?: boolean }) {
  return (
    <Field
      name="email"
      label="E-mail"
      type="email"
      autocomplete="username"
      maxlength={MAX_EMAIL_CHARACTERS}
      value={page.typed.email}
      error={page.error}
      first={first}
    />
  );
}

function ByProvider({ page }: { page: AccountPageProps }) {
  if (page.providers.length === 0) return null;
  return (
    <div class="by-provider">
      <p class="or">or</p>
      <ProviderButtons
        providers={page.providers}
        action="/sign-in/with"
        verb="Continue with"
        {...(page.next === DEFAULT_NEXT ? {} : { next: page.next })}
      />
    </div>
  );
}

export function SignInPage(props: AccountPageProps) {
  return (
    <>
      <AccountForm path="/sign-in" heading="Sign in" submit="Sign in" page={props}>
        <EmailField page={props} first />
        <Field
          name="password"
          label="Password"
          type="password"
          autocomplete="current-password"
          maxlength={MAX_PASSWORD_CHARACTERS}
          error={props.error}
        />
      </AccountForm>
      <ByProvider page={props} />
      <p class="aside">
        New here? <a href={withNext('/sign-up', props.next)}>Create an account</a>
      </p>
    </>
  );
}

export function SignUpPage(props: AccountPageProps) {
  return (
    <>
      <AccountForm path="/sign-up" heading="Create an account" submit="Create account" page={props}>
        <Field
          name="name"
          label="Name"
          type="text"
          autocomplete="name"
          maxlength={MAX_NAME_CHARACTERS}
          value={props.typed.name}
          error={props.error}
          first
        />
        <EmailField page={props} />
        <Field
          name="password"
          label="Password"
          type="password"
          autocomplete="new-password"
          minlength={MIN_PASSWORD_CHARACTERS}
          maxlength={MAX_PASSWORD_CHARACTERS}
          hint={`At least ${MIN_PASSWORD_CHARACTERS} characters.`}
          error={props.error}
        />
      </AccountForm>
      <ByProvider page={props} />
      <p class="aside">
        Have an account? <a href={withNext('/sign-in', props.next)}>Sign in</a>
      </p>
    </>
  );
}
