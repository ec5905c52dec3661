import { piecesOf, visibleText } from './visible-text.ts';

/** A name that a user or a client chose. What cannot be seen in it is shown as its code point (styles/base.css). */
export function Name(props: {
  name: string;
  class?: string;
  /** Whether it may be cut short where it is too long: then all of it is its tooltip. */
  isCut?: boolean;
  title?: string;
}) {
  const { name, title = props.isCut === true ? visibleText(name) : undefined } = props;
  return (
    <bdi class={props.class} title={title}>
      {piecesOf(name).map(({ text, code }) =>
        code === null ? text : <span class="code-point">{code}</span>,
      )}
    </bdi>
  );
}
