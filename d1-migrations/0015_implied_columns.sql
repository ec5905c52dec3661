-- `user_id`, `do_type` and `resource_name` follow from `do_name` and are computed from it. Only what `do_name` has percent-encoded is
-- stored beside it, decoded, because SQL cannot decode it. Columns, numbers and rules stay as they are for those who read.
-- A row whose owner is not the one in its name, or whose name is none, is not a room's: it goes as every deleted row does.
DELETE FROM `durable_object_instance` WHERE NOT EXISTS (
	SELECT 1 FROM `user`
	WHERE `id` = iif(
		instr(substr(`do_name`, 6, instr(substr(`do_name`, 6), ':') - 1), '%'),
		`user_id`,
		substr(`do_name`, 6, instr(substr(`do_name`, 6), ':') - 1)
	)
) OR substr(`do_name`, 6 + instr(substr(`do_name`, 6), ':'), 9) NOT IN ('document:', 'workspace');
--> statement-breakpoint
CREATE TABLE `durable_object_instance_implied` (
	`do_name` text PRIMARY KEY NOT NULL,
	`do_id` text NOT NULL,
	`user_id` text GENERATED ALWAYS AS (coalesce(decoded_user_id, substr(do_name, 6, instr(substr(do_name, 6), ':') - 1))) VIRTUAL NOT NULL,
	`do_type` text GENERATED ALWAYS AS (CASE substr(do_name, 6 + instr(substr(do_name, 6), ':'), 9)
		WHEN 'document:' THEN 'document' WHEN 'workspace' THEN 'workspace' END) VIRTUAL NOT NULL,
	`resource_name` text GENERATED ALWAYS AS (coalesce(decoded_name, substr(do_name, 7 + instr(substr(do_name, 6), ':') + length(do_type)))) VIRTUAL NOT NULL,
	`storage_bytes` integer,
	`created_at` integer NOT NULL,
	`last_accessed_at` integer NOT NULL,
	`storage_measured_at` integer,
	`seq` integer NOT NULL,
	`decoded_user_id` text,
	`decoded_name` text,
	FOREIGN KEY (`user_id`) REFERENCES `user`(`id`) ON UPDATE no action ON DELETE cascade,
	CONSTRAINT "decoded_user_id_needed" CHECK((decoded_user_id is null) = (instr(substr(do_name, 6, instr(substr(do_name, 6), ':') - 1), '%') = 0)),
	CONSTRAINT "decoded_name_needed" CHECK((decoded_name is null) = (instr(substr(do_name, 7 + instr(substr(do_name, 6), ':') + length(do_type)), '%') = 0)),
	CONSTRAINT "measured_whole" CHECK((`storage_bytes` is null) = (`storage_measured_at` is null))
) STRICT;
--> statement-breakpoint
INSERT INTO `durable_object_instance_implied`
	(`do_name`, `do_id`, `storage_bytes`, `created_at`, `last_accessed_at`, `storage_measured_at`, `seq`, `decoded_user_id`, `decoded_name`)
SELECT `do_name`, `do_id`, `storage_bytes`, `created_at`, `last_accessed_at`, `storage_measured_at`, `seq`,
	iif(instr(substr(`do_name`, 6, `type_at` - 7), '%'), `user_id`, NULL),
	iif(instr(substr(`do_name`, `type_at`), '%'), `resource_name`, NULL)
FROM (SELECT *, 6 + instr(substr(`do_name`, 6), ':') AS `type_at` FROM `durable_object_instance`) ORDER BY `do_name`;
--> statement-breakpoint
-- A table that is dropped runs no triggers, and takes its own with it.
DROP TABLE `durable_object_instance`;
--> statement-breakpoint
ALTER TABLE `durable_object_instance_implied` RENAME TO `durable_object_instance`;
--> statement-breakpoint
CREATE UNIQUE INDEX `durable_object_instance_seq_unique` ON `durable_object_instance` (`seq`);
--> statement-breakpoint
CREATE INDEX `durable_object_instance_user_id` ON `durable_object_instance` (`user_id`);
--> statement-breakpoint
-- As they were (0014); the owner of a row changes with what it is computed from.
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
AFTER UPDATE OF `do_name`, `decoded_user_id` ON `durable_object_instance`
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
