CREATE TABLE `registry_pruned` (
	`do_type` text PRIMARY KEY NOT NULL,
	`rooms` integer NOT NULL,
	`deleted_through` integer NOT NULL
) STRICT, WITHOUT ROWID;
