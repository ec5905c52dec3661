import * as z from 'zod';
import type { FormError } from '../ui/field.tsx';

/** Early checks with readable messages. src/auth decides what is valid. */
export const MIN_PASSWORD_CHARACTERS = 8;
export const MAX_PASSWORD_CHARACTERS = 128;
export const MAX_NAME_CHARACTERS = 200;
/** RFC 5321, 4.5.3.1: a path of 256 octets with its angle brackets. */
export const MAX_EMAIL_CHARACTERS = 254;

const EMAIL_RULE = 'Enter an e-mail address, such as name@example.com.';

export const email = z.string().trim().max(MAX_EMAIL_CHARACTERS, EMAIL_RULE).pipe(z.email(EMAIL_RULE));

export const name = z
  .string()
  .trim()
  .min(1, 'Enter your name.')
  .max(MAX_NAME_CHARACTERS, `A name has at most ${MAX_NAME_CHARACTERS} characters.`);

export const newPassword = z
  .string()
  .min(MIN_PASSWORD_CHARACTERS, `A password has at least ${MIN_PASSWORD_CHARACTERS} characters.`)
  .max(MAX_PASSWORD_CHARACTERS, `A password has at most ${MAX_PASSWORD_CHARACTERS} characters.`);

/** An existing password: its minimum length is not checked again. */
export const knownPassword = z
  .string()
  .min(1, 'Enter your password.')
  .max(MAX_PASSWORD_CHARACTERS, 'The password is wrong.');

const signInSchema = z.object({ email, password: z.string().min(1, 'Enter your password.') });

const signUpSchema = z.object({
  name,
  email,
  password: newPassword,
});

type Checked<Form> =
  | { readonly ok: true; readonly form: Form }
  | { readonly ok: false; readonly error: FormError };

/** Missing fields are ''. */
export function checkForm<Schema extends z.ZodObject>(
  schema: Schema,
  fields: URLSearchParams,
): Checked<z.output<Schema>> {
  const names = Object.keys(schema.shape);
  const parsed = schema.safeParse(Object.fromEntries(names.map((name) => [name, fields.get(name) ?? ''])));
  if (parsed.success) return { ok: true, form: parsed.data };
  const [issue] = parsed.error.issues;
  const field = names.find((name) => name === issue?.path[0]);
  return { ok: false, error: { message: issue?.message ?? 'Fill in the form.', field } };
}

export const checkSignIn = (fields: URLSearchParams) => checkForm(signInSchema, fields);
export const checkSignUp = (fields: URLSearchParams) => checkForm(signUpSchema, fields);
