import { splitName, toVisibleText } from '../ui/visible-text.ts';

/**
 * Whether the typed text is the name, or the name as pages show it, with code points of invisible characters. Compares in
 * NFC and ignores blanks at the ends.
 */
export function matchesName(typed: string, name: string): boolean {
  if (typed === name) return true;
  const normalized = normalize(typed);
  if (normalized === '') return false;
  const shown = splitName(name).map(({ text, code }) => code ?? text);
  return [name, shown.join(''), toVisibleText(name)].some((accepted) => normalized === normalize(accepted));
}

/** Whether pages show a part of the name as a code point. */
export const hasCodePoints = (name: string): boolean => splitName(name).some(({ code }) => code !== null);

const normalize = (text: string): string => text.normalize('NFC').trim();
