/**
 * A whole number from a command's option.
 * @throws with a sentence for the person at the terminal
 */
export function wholeNumber(option: string, value: string, least = 1): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number >= least) return number;
  throw new Error(`--${option} must be a whole number from ${least}, not "${value}".`);
}
