-- Every deleted row leaves a tombstone with the next change number, those deleted by the cascade from `user` included.
-- `OLD.seq` counts too: the row that is going may hold the highest number, and a number is never given twice.
CREATE TRIGGER `durable_object_instance_tombstone`
AFTER DELETE ON `durable_object_instance`
BEGIN
	INSERT INTO `registry_tombstone` (`do_name`, `created_at`, `deleted_at`, `seq`)
	VALUES (
		OLD.`do_name`,
		OLD.`created_at`,
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
		`seq` = excluded.`seq`;
END;
