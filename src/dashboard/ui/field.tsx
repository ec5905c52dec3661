/** Why a form was rejected. */
export interface FormError {
  readonly message: string;
  /** The name of the invalid input. */
  readonly field?: string | undefined;
}

interface FieldProps {
  readonly name: string;
  /** Prefix of the input's id if a page has several forms. */
  readonly form?: string;
  readonly label: string;
  readonly type: 'text' | 'email' | 'password';
  readonly autocomplete: string;
  readonly error: FormError | null;
  readonly value?: string | undefined;
  readonly hint?: string | undefined;
  readonly minlength?: number;
  readonly maxlength: number;
  /** Gets the focus if no input is invalid. */
  readonly first?: boolean;
}

/** An input with its label, hint and error. */
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

/** An error that does not concern one input. */
export function FormBanner({ error }: { error: FormError | null }) {
  if (error === null || error.field !== undefined) return null;
  return (
    <p class="error banner" role="alert">
      {error.message}
    </p>
  );
}
