CREATE TABLE `room_budget` (
	`user_id` text PRIMARY KEY NOT NULL,
	`rooms` integer NOT NULL,
	`created_at` integer NOT NULL,
	`hour_began_at` integer NOT NULL,
	`created_in_hour` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade
) STRICT, WITHOUT ROWID;
