import type { Damage } from './damage.ts';

/**
 * Reads a value of the room's key-value storage. One that cannot be decoded or has the wrong type is noted as damage.
 * @returns `undefined` if there is no value, `'unreadable'` if it is damaged
 */
export function readStoredValue<Value>(
  kv: SyncKvStorage,
  key: string,
  isValue: (value: unknown) => value is Value,
  damage: Damage,
): Value | undefined | 'unreadable' {
  let value: unknown;
  try {
    value = kv.get(key);
  } catch (error) {
    damage.noteRecord(key, error);
    return 'unreadable';
  }
  if (value === undefined || isValue(value)) return value;
  damage.noteRecord(key, new Error('the value has the wrong type'));
  return 'unreadable';
}

/** Reads a value; returns `otherwise` if it is missing or damaged. */
export function readStoredValueOr<Value>(
  kv: SyncKvStorage,
  key: string,
  isValue: (value: unknown) => value is Value,
  damage: Damage,
  otherwise: Value,
): Value {
  const value = readStoredValue(kv, key, isValue, damage);
  return value === undefined || value === 'unreadable' ? otherwise : value;
}

/** Whether a value is a non-negative safe integer, as clocks, counts and sizes are. */
export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Whether a value is an object in which each of these members is a count. */
export function hasCountFields<Key extends string>(
  value: unknown,
  ...keys: readonly Key[]
): value is Record<Key, number> {
  return isRecord(value) && keys.every((key) => isCount(value[key]));
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
