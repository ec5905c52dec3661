-- As before, every row that goes leaves a tombstone, with two differences. The one of a row that was deleted by itself, while
-- its user is there, stands for the incarnation before: the room was not deleted, and its next report brings its row back.
-- (A room that is deleted has a tombstone of its own incarnation first; a cascade from `user` finds the user gone.) And a
-- tombstone that was numbered after the row's last change stays as it is: it tells of this deletion.
DROP TRIGGER `durable_object_instance_tombstone`;
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
END;
