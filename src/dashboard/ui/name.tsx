import { splitName, toVisibleText } from './visible-text.ts';

/** A name from a user or a client. Invisible characters are shown as code points (styles/base.css). */
export function Name(props: {
  name: string;
  class?: string;
  /** Whether a long name is truncated; its title has the whole name. */
  isCut?: boolean;
  title?: string;
}) {
  const { name, title = props.isCut === true ? toVisibleText(name) : undefined } = props;
  return (
    <bdi class={props.class} title={title}>
      {splitName(name).map(({ text, code }) =>
        code === null ? text : <span class="code-point">{code}</span>,
      )}
    </bdi>
  );
}
