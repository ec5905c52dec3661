import { piecesOf, visibleText } from './visible-text.ts';

/** A name that a user or a client chose. What cannot be seen in it is shown as its code point (styles/base.css). */
export function Name(props: { name: string; class?: string; title?: string }) {
  const { name, title = visibleText(name) } = props;
  return (
    <bdi class={props.class} title={title}>
      {piecesOf(name).map(({ text, code }) =>
        code === null ? text : <span class="code-point">{code}</span>,
      )}
    </bdi>
  );
}
