import { createSentence } from './english.ts';
import type { Edit, TextAttributes, TextChange } from './edits.ts';
import { createRandom, pickBelow, pickFrom, pickLogNormal } from '../random.ts';

// Measured on a recorded paper of 259,778 keystrokes; docs/internals/conformance.md compares the two.
const DELETE_AFTER_INSERT_CHANCE = 0.45;
const INSERT_AFTER_DELETE_CHANCE = 0.54;
const INSERT_AFTER_JUMP_CHANCE = 0.71;
const BACKSPACE_CHANCE = 0.6;
const TYPED = { median: 9, sigma: 1.55 };
const CORRECTION = { median: 2, sigma: 1.4 };
/** A passage that is deleted as a whole, still one character an edit. */
const PASSAGE_CHANCE = 0.022;
const PASSAGE = { median: 320, sigma: 1 };
const JUMP = { median: 42, sigma: 1.9 };
/** Back to where the author was before the last jump. */
const RETURN_CHANCE = 0.25;
const FAR_JUMP_CHANCE = 0.05;
/**
 * The share of the edits, at the end, in which the author formats and corrects. A Y.Text with formatting has no search
 * markers: each edit walks the whole text, and formatting from the start would take minutes.
 */
const FORMATTING_SHARE = 0.01;
const CORRECT_WHILE_FORMATTING_CHANCE = 0.05;
const FORMATTED = { median: 12, sigma: 0.8 };
const ATTRIBUTES: readonly TextAttributes[] = [
  { bold: true },
  { italic: true },
  { heading: 2 },
  { bold: null },
  { italic: null },
];

/** Edits of the paper that benchmarks type, about as many as the recorded one has. */
export const PAPER_EDITS = 260_000;

/**
 * One author types a long paper, one character an edit, with corrections, deleted passages and jumps, and formats it.
 * The same seed gives the same edits.
 * @param count about how many edits
 */
export function typePaper(count: number, seed: number): Edit[] {
  const author = new Author(createRandom(seed));
  while (author.edits.length < count * (1 - FORMATTING_SHARE)) author.write();
  const end = author.edits.length + count * FORMATTING_SHARE;
  while (author.edits.length < end) author.format();
  return author.edits;
}

class Author {
  readonly edits: Edit[] = [];
  readonly #random: () => number;
  #length = 0;
  #cursor = 0;
  #cursorBeforeJump = 0;
  #last: 'insert' | 'delete' = 'insert';
  /** What the author types next. */
  #text = '';

  constructor(random: () => number) {
    this.#random = random;
  }

  /** One run of insertions or deletions, after a jump or where the previous run ended. */
  write(): void {
    const stay =
      this.#random() < (this.#last === 'insert' ? DELETE_AFTER_INSERT_CHANCE : INSERT_AFTER_DELETE_CHANCE);
    if (!stay) this.#jump();
    const insert = stay ? this.#last === 'delete' : this.#random() < INSERT_AFTER_JUMP_CHANCE;
    if (insert || this.#length === 0) this.#insert();
    else this.#delete();
  }

  /** Formats some words anywhere, and corrects the text now and then. */
  format(): void {
    const position = pickBelow(this.#length, this.#random);
    const available = this.#length - position;
    const length = Math.min(available, pickLogNormal(FORMATTED.median, FORMATTED.sigma, this.#random));
    this.#push({ type: 'format', position, length, attributes: pickFrom(ATTRIBUTES, this.#random) });
    if (this.#random() < CORRECT_WHILE_FORMATTING_CHANCE) this.write();
  }

  #insert(): void {
    const length = pickLogNormal(TYPED.median, TYPED.sigma, this.#random);
    while (this.#text.length < length) this.#text += createSentence(this.#random);
    for (const character of this.#text.slice(0, length)) {
      this.#push({ type: 'insert', position: this.#cursor, text: character });
      this.#cursor += 1;
      this.#length += 1;
    }
    this.#text = this.#text.slice(length);
    this.#last = 'insert';
  }

  #delete(): void {
    const { median, sigma } = this.#random() < PASSAGE_CHANCE ? PASSAGE : CORRECTION;
    const isBackspace = this.#random() < BACKSPACE_CHANCE;
    const available = isBackspace ? this.#cursor : this.#length - this.#cursor;
    const length = Math.min(available, pickLogNormal(median, sigma, this.#random));
    for (let deleted = 0; deleted < length; deleted++) {
      if (isBackspace) this.#cursor -= 1;
      this.#push({ type: 'delete', position: this.#cursor, length: 1 });
      this.#length -= 1;
    }
    this.#last = 'delete';
  }

  #jump(): void {
    const target = this.#pickTarget();
    this.#cursorBeforeJump = this.#cursor;
    this.#cursor = Math.min(Math.max(target, 0), this.#length);
  }

  #pickTarget(): number {
    if (this.#random() < RETURN_CHANCE) return this.#cursorBeforeJump;
    if (this.#random() < FAR_JUMP_CHANCE) return pickBelow(this.#length + 1, this.#random);
    const distance = pickLogNormal(JUMP.median, JUMP.sigma, this.#random);
    return this.#cursor + (this.#random() < 0.5 ? distance : -distance);
  }

  #push(change: TextChange): void {
    this.edits.push([change]);
  }
}
