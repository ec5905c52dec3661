-- One room became larger or smaller: the view through which its user's history hears of it. Nothing is stored here. Before and
-- after are the bytes of this room of his, null for none. A room counts with 0 to 2^40 bytes and a user with 0 to 106 751 991 167 300,
-- which times 86 400 seconds is within 64 bits: what no room can have, typed by hand, must neither make a statement fail nor
-- leave the total wrong once it is mended.
CREATE VIEW `room_resized` (`user_id`, `bytes_before`, `bytes_after`, `seq`) AS SELECT NULL, NULL, NULL, NULL WHERE false;
--> statement-breakpoint
-- The total goes on from the user's last row, so the cost is one row written and a look-up, whatever he has. The clock is D1's; where
-- it goes back, the history stands still until it has come as far again. Steps: see the schema.
CREATE TRIGGER `room_resized_day`
INSTEAD OF INSERT ON `room_resized`
WHEN min(max(coalesce(NEW.`bytes_before`, 0), 0), 1099511627776) <> min(max(coalesce(NEW.`bytes_after`, 0), 0), 1099511627776)
BEGIN
	INSERT INTO `user_storage_day` (`user_id`, `day`, `opened_bytes`, `storage_bytes`, `changed_at`, `byte_seconds`, `steps`, `seq`)
	SELECT
		NEW.`user_id`,
		`at` / 86400,
		`before`,
		`after`,
		`at`,
		`before` * (`at` % 86400),
		json_array(json_array(`at` % 86400, `after`)),
		NEW.`seq`
	FROM (
		SELECT
			`at`,
			`before`,
			min(max(
				`before`
				- min(max(coalesce(NEW.`bytes_before`, 0), 0), 1099511627776)
				+ min(max(coalesce(NEW.`bytes_after`, 0), 0), 1099511627776),
			0), 106751991167300) AS `after`
		FROM (
			SELECT
				max(unixepoch(), coalesce(`last`.`changed_at`, 0)) AS `at`,
				min(max(coalesce(`last`.`storage_bytes`, 0), 0), 106751991167300) AS `before`
			FROM (SELECT 1)
			LEFT JOIN (
				SELECT `changed_at`, `storage_bytes` FROM `user_storage_day`
				WHERE `user_id` = NEW.`user_id` ORDER BY `day` DESC LIMIT 1
			) AS `last`
		)
	)
	WHERE true
	ON CONFLICT (`user_id`, `day`) DO UPDATE SET
		`storage_bytes` = excluded.`storage_bytes`,
		`changed_at` = excluded.`changed_at`,
		`byte_seconds` = min(max(`byte_seconds` + `storage_bytes` * (excluded.`changed_at` - `changed_at`), 0), 9223372036854775807),
		`steps` = iif(
			excluded.`changed_at` % 86400 - (`steps` ->> '$[#-1][0]') < iif(json_array_length(`steps`) < 1000, 1, 60),
			json_set(`steps`, '$[#-1][1]', excluded.`storage_bytes`),
			json_insert(`steps`, '$[#]', iif(
				json_array_length(`steps`) < 1000,
				json_array(excluded.`changed_at` % 86400, excluded.`storage_bytes`),
				json_array(
					excluded.`changed_at` % 86400,
					excluded.`storage_bytes`,
					cast(min(max(`byte_seconds` + `storage_bytes` * (excluded.`changed_at` - `changed_at`), 0), 9223372036854775807) AS text)
				)
			))
		),
		`seq` = max(`seq`, excluded.`seq`);
END;
--> statement-breakpoint
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
-- As before (0008), and the bytes leave the user's history, with the number of the tombstone that tells of it.
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
	INSERT INTO `room_resized` (`user_id`, `bytes_before`, `bytes_after`, `seq`)
	SELECT OLD.`user_id`, OLD.`storage_bytes`, NULL, `seq` FROM `registry_tombstone` WHERE `do_name` = OLD.`do_name`;
END;
--> statement-breakpoint
-- A user who goes leaves word of his history, which is kept until nobody needs it. By now the cascade has brought his total to 0.
CREATE TRIGGER `user_storage_ended`
AFTER DELETE ON `user`
WHEN EXISTS (SELECT 1 FROM `user_storage_day` WHERE `user_id` = OLD.`id`)
BEGIN
	INSERT INTO `storage_history_ended` (`ended_at`, `user_id`)
	SELECT max(unixepoch(), `changed_at`), OLD.`id` FROM `user_storage_day`
	WHERE `user_id` = OLD.`id` ORDER BY `day` DESC LIMIT 1
	ON CONFLICT DO NOTHING;
END;
--> statement-breakpoint
-- History begins now. What was stored before is not known any more.
INSERT INTO `user_storage_day` (`user_id`, `day`, `opened_bytes`, `storage_bytes`, `changed_at`, `byte_seconds`, `steps`, `seq`)
SELECT `user_id`, unixepoch() / 86400, 0, `bytes`, unixepoch(), 0, json_array(json_array(unixepoch() % 86400, `bytes`)), `seq`
FROM (
	SELECT
		`user_id`,
		min(sum(min(max(coalesce(`storage_bytes`, 0), 0), 1099511627776)), 106751991167300) AS `bytes`,
		max(`seq`) AS `seq`
	FROM `durable_object_instance` GROUP BY `user_id`
)
WHERE true
ON CONFLICT (`user_id`, `day`) DO UPDATE SET
	`opened_bytes` = 0, `storage_bytes` = excluded.`storage_bytes`, `changed_at` = excluded.`changed_at`,
	`byte_seconds` = 0, `steps` = excluded.`steps`, `seq` = excluded.`seq`;
