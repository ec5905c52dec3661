import type { AwarenessEntry } from '../sync/awareness/present-clients.ts';
import type { Person } from '../contract/description.ts';
import { MAX_LISTED_PEOPLE, MAX_PERSON_NAME_CHARACTERS } from '../limits/room-limits.ts';
import { describeError } from '../../lib/log-text.ts';

const COLOR = /^#[0-9a-f]{3,8}$/i;

/** Reads names and colors from awareness states. Values of any other type are ignored, long names are shortened. */
export function readPeople(awareness: Iterable<AwarenessEntry>): Person[] {
  const people: Person[] = [];
  for (const { state } of awareness) {
    if (state === null) continue;
    if (people.length === MAX_LISTED_PEOPLE) break;
    people.push(readPerson(state));
  }
  return people;
}

function readPerson(state: Uint8Array): Person {
  const user = getMember(parseState(state), 'user');
  const name = getMember(user, 'name');
  const color = getMember(user, 'color');
  return {
    name: typeof name === 'string' && name.trim() !== '' ? shortenName(name) : null,
    color: typeof color === 'string' && COLOR.test(color) ? color : null,
  };
}

/** Cuts by characters, not by UTF-16 units. */
function shortenName(name: string): string {
  // A character has at most two units, so the rest of a very long name need not be split.
  const characters = Array.from(name.slice(0, 2 * MAX_PERSON_NAME_CHARACTERS + 2));
  if (characters.length <= MAX_PERSON_NAME_CHARACTERS) return name.toWellFormed();
  return `${characters.slice(0, MAX_PERSON_NAME_CHARACTERS).join('').toWellFormed()}…`;
}

/** Awareness was checked to be JSON when it arrived. If it is not, it is ignored. */
function parseState(state: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(state));
  } catch (error) {
    console.error({ event: 'awareness_not_json', error: describeError(error) });
    return null;
  }
}

function getMember(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, name)
    ? Reflect.get(value, name)
    : undefined;
}
