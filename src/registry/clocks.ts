/** By how much the clocks of two machines may differ that wrote times which are compared. */
export const CLOCKS_DIFFER_BY_MS = 60_000;
