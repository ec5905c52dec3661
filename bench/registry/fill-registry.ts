/** Rows that one statement inserts: some hundred megabytes of them would be more than a statement may take. */
export const ROWS_A_STATEMENT = 100_000;

/**
 * Parameters: ?1 the users' common name, ?2 rooms so far, ?3 rooms to add, ?4 rooms of each user. D1 binds numbers as REAL,
 * whose division leaves fractions.
 */
const NUMBERED = `
  WITH RECURSIVE
    given(made, some, each) AS (SELECT cast(?2 AS integer), cast(?3 AS integer), cast(?4 AS integer)),
    n(i) AS (SELECT made FROM given UNION ALL SELECT i + 1 FROM n, given WHERE i + 1 < made + some),
    numbered(i, user_id) AS (SELECT i, ?1 || (i / each) FROM n, given)`;
/** The owners of `ADD_ROOMS`. */
export const ADD_USERS = `${NUMBERED}
  INSERT INTO user (id, name, email) SELECT DISTINCT user_id, ?1, user_id FROM numbered WHERE true ON CONFLICT DO NOTHING`;
/** Rooms of all kinds of sizes and times, each third a workspace, each tenth not measured. */
export const ADD_ROOMS = `${NUMBERED}
  INSERT INTO durable_object_instance
    (do_name, do_id, decoded_name, storage_bytes, created_at, last_accessed_at, storage_measured_at, seq)
  SELECT 'user:' || user_id || ':' || iif(i % 3 = 0, 'workspace', 'document') || ':room%20' || i,
    lower(hex(randomblob(32))), 'room ' || i,
    iif(i % 10 = 0, NULL, 4096 * (1 + abs(random()) % 5000)), 1700000000000 + i, 1700000000000 + abs(random()) % 100000000000,
    iif(i % 10 = 0, NULL, 1700000000000 + i), i + 1 - ?2 + (SELECT coalesce(max(seq), 0) FROM durable_object_instance)
  FROM numbered`;
