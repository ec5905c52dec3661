CREATE TABLE `storage_history_ended` (
	`ended_at` integer NOT NULL,
	`user_id` text NOT NULL,
	PRIMARY KEY(`ended_at`, `user_id`)
) STRICT, WITHOUT ROWID;
--> statement-breakpoint
CREATE TABLE `user_storage_day` (
	`user_id` text NOT NULL,
	`day` integer NOT NULL,
	`opened_bytes` integer NOT NULL,
	`storage_bytes` integer NOT NULL,
	`changed_at` integer NOT NULL,
	`byte_seconds` integer NOT NULL,
	`steps` text NOT NULL,
	`seq` integer NOT NULL,
	PRIMARY KEY(`user_id`, `day`),
	CONSTRAINT "steps_json" CHECK(json_valid("user_storage_day"."steps"))
) STRICT, WITHOUT ROWID;
