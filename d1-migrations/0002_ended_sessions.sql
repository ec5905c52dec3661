CREATE TABLE `ended_session` (
	`due_at` integer NOT NULL,
	`user_id` text NOT NULL,
	`session_id` text NOT NULL,
	`sockets_since` integer NOT NULL,
	`ended_at` integer NOT NULL,
	`told_through` text DEFAULT '' NOT NULL,
	`missed` integer DEFAULT false NOT NULL,
	PRIMARY KEY(`due_at`, `user_id`, `session_id`)
) STRICT, WITHOUT ROWID;
