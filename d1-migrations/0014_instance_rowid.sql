-- The same table, stored by a row number of SQLite's own. Without one, each row and each entry of both indexes held the whole name, which
-- takes up to 1,024 bytes, and a row over 1,002 bytes took a page of 4,096 of its own. Columns, numbers and rules stay as they are.
CREATE TABLE `durable_object_instance_by_rowid` (
	`do_name` text PRIMARY KEY NOT NULL,
	`do_id` text NOT NULL,
	`user_id` text NOT NULL,
	`do_type` text NOT NULL,
	`resource_name` text NOT NULL,
	`storage_bytes` integer,
	`created_at` integer NOT NULL,
	`last_accessed_at` integer NOT NULL,
	`storage_measured_at` integer,
	`seq` integer NOT NULL,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "do_type_known" CHECK(`do_type` in ('workspace', 'document')),
	CONSTRAINT "measured_whole" CHECK((`storage_bytes` is null) = (`storage_measured_at` is null))
) STRICT;
--> statement-breakpoint
INSERT INTO `durable_object_instance_by_rowid`
	(`do_name`, `do_id`, `user_id`, `do_type`, `resource_name`, `storage_bytes`, `created_at`, `last_accessed_at`, `storage_measured_at`, `seq`)
SELECT `do_name`, `do_id`, `user_id`, `do_type`, `resource_name`, `storage_bytes`, `created_at`, `last_accessed_at`, `storage_measured_at`, `seq`
FROM `durable_object_instance` ORDER BY `do_name`;
--> statement-breakpoint
-- A table that is dropped runs no triggers, and takes its own with it.
DROP TABLE `durable_object_instance`;
--> statement-breakpoint
ALTER TABLE `durable_object_instance_by_rowid` RENAME TO `durable_object_instance`;
--> statement-breakpoint
CREATE UNIQUE INDEX `durable_object_instance_seq_unique` ON `durable_object_instance` (`seq`);
--> statement-breakpoint
CREATE INDEX `durable_object_instance_user_id` ON `durable_object_instance` (`user_id`);
--> statement-breakpoint
-- As they were (0010).
CREATE TRIGGER `durable_object_instance_added`
AFTER INSERT ON `durable_object_instance`
WHEN NEW.`storage_bytes` IS NOT NULL
BEGIN
	INSERT INTO `room_resized` (`user_id`, `bytes_before`, `bytes_after`, `seq`)
	VALUES (NEW.`user_id`, NULL, NEW.`storage_bytes`, NEW.`seq`);
END;
--> statement-breakpoint
CREATE TRIGGER `durable_object_instance_resized`
AFTER UPDATE OF `storage_bytes` ON `durable_object_instance`
WHEN NEW.`storage_bytes` IS NOT OLD.`storage_bytes` AND NEW.`user_id` = OLD.`user_id`
BEGIN
	INSERT INTO `room_resized` (`user_id`, `bytes_before`, `bytes_after`, `seq`)
	VALUES (NEW.`user_id`, OLD.`storage_bytes`, NEW.`storage_bytes`, NEW.`seq`);
END;
--> statement-breakpoint
CREATE TRIGGER `durable_object_instance_moved`
AFTER UPDATE OF `user_id` ON `durable_object_instance`
WHEN NEW.`user_id` <> OLD.`user_id`
BEGIN
	INSERT INTO `room_resized` (`user_id`, `bytes_before`, `bytes_after`, `seq`)
	VALUES (OLD.`user_id`, OLD.`storage_bytes`, NULL, NEW.`seq`), (NEW.`user_id`, NULL, NEW.`storage_bytes`, NEW.`seq`);
END;
--> statement-breakpoint
CREATE TRIGGER `durable_object_instance_tombstone`
AFTER DELETE ON `durable_object_instance`
BEGIN
	INSERT INTO `registry_tombstone` (`do_name`, `created_at`, `deleted_at`, `seq`)
	VALUES (
		OLD.`do_name`,
		OLD.`created_at` - EXISTS (SELECT 1 FROM `user` WHERE `id` = OLD.`user_id`),
		cast(unixepoch('subsec') * 1000 as integer),
		1 + max(
			OLD.`seq`,
			coalesce((SELECT max(`seq`) FROM `durable_object_instance`), 0),
			coalesce((SELECT max(`seq`) FROM `registry_tombstone`), 0)
		)
	)
	ON CONFLICT (`do_name`) DO UPDATE SET
		`created_at` = max(`created_at`, excluded.`created_at`),
		`deleted_at` = excluded.`deleted_at`,
		`seq` = excluded.`seq`
	WHERE `seq` < OLD.`seq`;
	INSERT INTO `room_resized` (`user_id`, `bytes_before`, `bytes_after`, `seq`)
	SELECT OLD.`user_id`, OLD.`storage_bytes`, NULL, `seq` FROM `registry_tombstone` WHERE `do_name` = OLD.`do_name`;
END;
