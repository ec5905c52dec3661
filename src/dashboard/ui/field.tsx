/** What a page says of a form that it shows again. */
export interface FormError {
  readonly message: string;
  /** The name of the input that was wrong, where it was one. */
  readonly field?: string | undefined;
}

interface FieldProps {
  readonly name: string;
  /** Where several forms stand on a page, what tells this one's inputs from the others'. */
  readonly form?: string;
  readonly label: string;
  readonly type: 'text' | 'email' | 'password';
  readonly autocomplete: string;
  readonly error: FormError | null;
  readonly value?: string | undefined;
  readonly hint?: string | undefined;
  readonly minlength?: number;
  readonly maxlength: number;
  /** Whether the cursor starts here. Where a form is shown again it starts at what was wrong. */
  readonly first?: boolean;
}

/** An input with its label, its hint, and what was wrong with it. */
export function Field(props: FieldProps) {
  const message = props.error?.field === props.name ? props.error.message : null;
  const id = props.form === undefined ? props.name : `${props.form}-${props.name}`;
  const [hintId, errorId] = [`${id}-hint`, `${id}-error`];
  const describedBy = [props.hint === undefined ? null : hintId, message === null ? null : errorId]
    .filter((id) => id !== null)
    .join(' ');
  const focus = props.error?.field === undefined ? props.first === true : message !== null;
  return (
    <div class="field">
      <label for={id}>{props.label}</label>
      <input
        id={id}
        name={props.name}
        type={props.type}
        value={props.value}
        autocomplete={props.autocomplete}
        minlength={props.minlength}
        maxlength={props.maxlength}
        required
        autofocus={focus}
        aria-invalid={message === null ? undefined : 'true'}
        aria-describedby={describedBy === '' ? undefined : describedBy}
      />
      {props.hint === undefined ? null : (
        <p class="hint" id={hintId}>
          {props.hint}
        </p>
      )}
      {message === null ? null : (
        <p class="error" id={errorId} role="alert">
          {message}
        </p>
      )}
    </div>
  );
}

/** What was wrong with a form as a whole. */
export function FormBanner({ error }: { error: FormError | null }) {
  if (error === null || error.field !== undefined) return null;
  return (
    <p class="error banner" role="alert">
      {error.message}
    </p>
  );
}
