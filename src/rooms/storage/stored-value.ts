import type { Damage } from './damage.ts';

/**
 * A value of a room's key-value storage. One that cannot be decoded, or is not what it should be, is noted as damage.
 * @returns `undefined` where there is none, `'unreadable'` where it is damaged
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
  damage.noteRecord(key, new Error('not of the type that is stored there'));
  return 'unreadable';
}

/** The same, where a damaged value is as good as none. */
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

/** Whether a value is a number that a clock, a count or a size can have. */
export const isCount = (value: unknown): value is number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;

/** Whether each of these members of a value is a count. */
export function hasCountFields<Key extends string>(
  value: unknown,
  ...keys: readonly Key[]
): value is Record<Key, number> {
  return isRecord(value) && keys.every((key) => isCount(value[key]));
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null;
