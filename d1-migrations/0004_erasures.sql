CREATE TABLE `erasure` (
	`id` text PRIMARY KEY NOT NULL,
	`user_id` text NOT NULL,
	`requested_by` text NOT NULL,
	`requested_at` integer NOT NULL,
	`touched_at` integer,
	`finished_at` integer,
	`sockets` integer DEFAULT 0 NOT NULL,
	`rooms_found` integer DEFAULT 0 NOT NULL,
	`rooms_erased` integer DEFAULT 0 NOT NULL,
	`failures` integer DEFAULT 0 NOT NULL
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE INDEX `erasure_user_id` ON `erasure` (`user_id`);--> statement-breakpoint
CREATE INDEX `erasure_requested_at` ON `erasure` (`requested_at`,`id`);--> statement-breakpoint
CREATE UNIQUE INDEX `erasure_unfinished` ON `erasure` (`user_id`) WHERE "erasure"."finished_at" is null;--> statement-breakpoint
CREATE TABLE `erasure_step` (
	`erasure_id` text NOT NULL,
	`number` integer NOT NULL,
	`at` integer NOT NULL,
	`what` text NOT NULL,
	`result` text NOT NULL,
	`count` integer NOT NULL,
	`detail` text,
	PRIMARY KEY(`erasure_id`, `number`)
) STRICT, WITHOUT ROWID;
