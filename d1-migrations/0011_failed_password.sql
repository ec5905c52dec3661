CREATE TABLE `failed_password` (
	`key` integer PRIMARY KEY NOT NULL,
	`failures` integer NOT NULL,
	`since` integer NOT NULL
);
--> statement-breakpoint
CREATE INDEX `failed_password_since` ON `failed_password` (`since`);