import type * as Y from 'yjs';

export type TextAttributes = Readonly<Record<string, string | number | boolean | null>>;

/** One change to a text. Positions and lengths count UTF-16 units, as Y.Text does. */
export type TextChange =
  | { readonly type: 'insert'; readonly position: number; readonly text: string }
  | { readonly type: 'delete'; readonly position: number; readonly length: number }
  | {
      readonly type: 'format';
      readonly position: number;
      readonly length: number;
      readonly attributes: TextAttributes;
    };

/** The changes of one keystroke, paste or command: one transaction. */
export type Edit = readonly TextChange[];

/** Call it within a transaction. */
export function applyEdit(text: Y.Text, edit: Edit): void {
  for (const change of edit) {
    if (change.type === 'insert') text.insert(change.position, change.text);
    else if (change.type === 'delete') text.delete(change.position, change.length);
    else text.format(change.position, change.length, { ...change.attributes });
  }
}

/** The text after these edits, computed without Yjs. */
export function getTextAfter(edits: readonly Edit[]): string {
  const units: string[] = [];
  for (const change of edits.flat()) {
    if (change.type === 'insert') units.splice(change.position, 0, ...change.text.split(''));
    else if (change.type === 'delete') units.splice(change.position, change.length);
  }
  return units.join('');
}
