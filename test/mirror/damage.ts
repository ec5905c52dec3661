import { ask } from './copy.ts';

/** What a pass that finds all of it must count. */
export interface Damage {
  missing: number;
  extra: number;
  different: number;
}

const ALTER_TEXT = (column: string) =>
  `${column} = overlay(${column} placing chr(ascii(substr(${column}, $2 % length(${column}) + 1)) + 1)
     from $2 % length(${column}) + 1)`;
const ALTER_TIME = (column: string) => `${column} = ${column} + interval '1 millisecond' * $2`;

/** Each way to alter a row: an assignment with the number $2, at least 1. */
const ALTERATIONS: Readonly<Record<string, string>> = {
  'do_id, one character': ALTER_TEXT('do_id'),
  'user_id, one character': ALTER_TEXT('user_id'),
  do_type: "do_type = case do_type when 'document' then 'workspace' else 'document' end",
  'resource_name, one character': ALTER_TEXT('resource_name'),
  'resource_name, emptied': "resource_name = ''",
  'text moved from one column to the next':
    'user_id = user_id || left(resource_name, 1), resource_name = substr(resource_name, 2)',
  'a separator of the fingerprint within a text':
    'user_id = user_id || chr(127) || left(resource_name, 1), resource_name = substr(resource_name, 2)',
  'storage_bytes, by a byte': 'storage_bytes = coalesce(storage_bytes + 1, 0)',
  'storage_bytes, unknown or not': 'storage_bytes = case when storage_bytes is null then 0 end',
  'created_at, by milliseconds': ALTER_TIME('created_at'),
  'created_at, infinite': "created_at = '-infinity'",
  'last_accessed_at, by milliseconds': ALTER_TIME('last_accessed_at'),
  'two times swapped': 'last_accessed_at = created_at, created_at = last_accessed_at',
  'storage_measured_at, by milliseconds':
    "storage_measured_at = coalesce(storage_measured_at + interval '1 millisecond' * $2, now())",
  'seq, forward': 'seq = seq + $2',
  'seq, back': 'seq = seq - $2',
  'seq, far beyond the checkpoint': 'seq = 9007199254740991',
};

/** Every way to damage a copy. */
export const WAYS: readonly string[] = [
  ...Object.values(ALTERATIONS),
  'missing',
  'missing',
  'extra',
  'extra',
  'renamed',
  'two rows swapped',
];

/** Damages the copy in `count` random ways, each in another row. */
export async function damageCopy(
  count: number,
  random: () => number,
  ways: readonly string[] = WAYS,
): Promise<Damage> {
  const below = (bound: number) => Math.floor(random() * bound);
  const names = await ask<{ do_name: string }>(
    'select do_name from durable_object_instance order by do_name',
  );
  const damage: Damage = { missing: 0, extra: 0, different: 0 };
  for (let done = 0; done < count; done += 1) {
    const take = () => names.splice(below(names.length), 1)[0]?.do_name ?? '';
    const name = take();
    const way = ways[done < ways.length ? done : below(ways.length)] ?? '';
    if (way === 'missing') {
      await ask('delete from durable_object_instance where do_name = $1', [name]);
      damage.missing += 1;
    } else if (way === 'extra') {
      const odd = ['', '\u{10ffff}', `${name}~`, `${name}\u007f`, `A ${done}`, `${name}\n`][below(6)] ?? '';
      const { length: inserted } = await ask(
        `insert into durable_object_instance select $2, do_id, user_id, do_type, resource_name, storage_bytes, created_at,
           last_accessed_at, storage_measured_at, seq, mirrored_at from durable_object_instance where do_name = $1
         on conflict do nothing returning 1`,
        [name, odd],
      );
      damage.extra += inserted;
    } else if (way === 'renamed') {
      await ask("update durable_object_instance set do_name = do_name || 'x' where do_name = $1", [name]);
      damage.missing += 1;
      damage.extra += 1;
    } else if (way === 'two rows swapped') {
      const other = take();
      const { length: changed } = await ask(
        `update durable_object_instance as one set do_id = other.do_id from durable_object_instance as other
         where (one.do_name, other.do_name) in (($1, $2), ($2, $1)) and one.do_id <> other.do_id returning 1`,
        [name, other],
      );
      damage.different += changed;
    } else {
      const parameters = way.includes('$2') ? [name, 1 + below(1_000)] : [name];
      await ask(
        `update durable_object_instance set ${way.replaceAll('$2', '$2::int')} where do_name = $1`,
        parameters,
      );
      damage.different += 1;
    }
  }
  return damage;
}
