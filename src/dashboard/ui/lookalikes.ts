/**
 * Groups of Latin, Cyrillic and Greek letters with the same shape. Source: Unicode's confusables.txt (UTS 39), without pairs
 * that readers can distinguish, such as Greek α and Latin a (names like TNFα).
 */
const GROUPS =
  'AАΑ BВΒ CСϹ EЕΕ HНΗ IlІӀӏΙ JЈ KКΚ MМΜ NΝ OОΟ PРΡ QԚ SЅ TТΤ VѴ WԜ XХΧ YУҮΥ ZΖ aа bЬ cсϲ dԁ eе hһ iі jјϳ oоο pрρ qԛ sѕ uυ vѵν wԝ xх yуү'.split(
    ' ',
  );

const SCRIPTS = [
  { script: 'Latin', pattern: /\p{Script=Latin}/v },
  { script: 'Cyrillic', pattern: /\p{Script=Cyrillic}/v },
  { script: 'Greek', pattern: /\p{Script=Greek}/v },
] as const;
type Script = (typeof SCRIPTS)[number]['script'];

const WORD = /[\p{L}\p{M}\p{N}]+/gv;

interface Letter {
  readonly letter: string;
  readonly script: Script;
  /** Index in the string, in UTF-16 units. */
  readonly at: number;
}

/**
 * Indexes of misleading letters in words that mix scripts: the letters of a script if each looks like a letter of another
 * script in the word. The script of most letters is not marked, nor is Latin with at least half of them.
 */
export function findLookalikes(name: string): ReadonlySet<number> {
  const places = new Set<number>();
  for (const { 0: word, index } of name.matchAll(WORD)) {
    const letters = splitLetters(word, index);
    const byScript = [...Map.groupBy(letters, ({ script }) => script)];
    if (byScript.length < 2) continue;
    const scripts = byScript.map(([script]) => script);
    const hidden = byScript.filter(([, ofScript]) => ofScript.every((letter) => isHidden(letter, scripts)));
    const noneShows = hidden.length === byScript.length;
    for (const [script, ofScript] of hidden) {
      const twice = ofScript.length * 2;
      const isShown = script === 'Latin' ? twice >= letters.length : noneShows && twice > letters.length;
      if (!isShown) for (const { at } of ofScript) places.add(at);
    }
  }
  return places;
}

function splitLetters(word: string, from: number): Letter[] {
  let next = from;
  return Array.from(word).flatMap((letter) => {
    const at = next;
    next += letter.length;
    const found = SCRIPTS.find(({ pattern }) => pattern.test(letter));
    return found === undefined ? [] : [{ letter, script: found.script, at }];
  });
}

/** Whether it looks like a letter of one of the other scripts. */
function isHidden({ letter, script }: Letter, scripts: readonly Script[]): boolean {
  const others = SCRIPTS.filter((one) => one.script !== script && scripts.includes(one.script));
  const group = GROUPS.find((letters) => letters.includes(letter)) ?? '';
  return others.some(({ pattern }) => pattern.test(group));
}
