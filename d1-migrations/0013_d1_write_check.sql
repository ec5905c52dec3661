CREATE TABLE `d1_write_check` (
	`checked_at` integer PRIMARY KEY NOT NULL,
	`filler` blob NOT NULL
) STRICT;
