-- Whatever ends a session before its time leaves word, so that its sockets are ended too: a sign-out, a revocation, a new
-- password, a ban, the cascade from `user`, a statement typed by hand. One that had expired needs no word: its sockets
-- have expired with it, or will with their JWT.
CREATE TRIGGER `session_ended`
AFTER DELETE ON `session`
WHEN OLD.`expires_at` > cast(unixepoch('subsec') * 1000 as integer)
BEGIN
	INSERT INTO `ended_session` (`due_at`, `user_id`, `session_id`, `sockets_since`, `ended_at`)
	VALUES (
		cast(unixepoch('subsec') * 1000 as integer),
		OLD.`user_id`,
		OLD.`id`,
		OLD.`created_at`,
		cast(unixepoch('subsec') * 1000 as integer)
	)
	ON CONFLICT DO UPDATE SET `told_through` = '', `missed` = 0;
END;
--> statement-breakpoint
-- Without a session's id: all that was opened in the account's name, also with a JWT of a session that has expired.
CREATE TRIGGER `user_ended`
AFTER DELETE ON `user`
BEGIN
	INSERT INTO `ended_session` (`due_at`, `user_id`, `session_id`, `sockets_since`, `ended_at`)
	VALUES (
		cast(unixepoch('subsec') * 1000 as integer),
		OLD.`id`,
		'',
		0,
		cast(unixepoch('subsec') * 1000 as integer)
	)
	ON CONFLICT DO UPDATE SET `told_through` = '', `missed` = 0;
END;
--> statement-breakpoint
CREATE TRIGGER `user_banned`
AFTER UPDATE OF `banned`, `ban_expires` ON `user`
WHEN NEW.`banned` = 1 AND (OLD.`banned` IS NOT 1 OR OLD.`ban_expires` IS NOT NEW.`ban_expires`)
BEGIN
	INSERT INTO `ended_session` (`due_at`, `user_id`, `session_id`, `sockets_since`, `ended_at`)
	VALUES (
		cast(unixepoch('subsec') * 1000 as integer),
		NEW.`id`,
		'',
		0,
		cast(unixepoch('subsec') * 1000 as integer)
	)
	ON CONFLICT DO UPDATE SET `told_through` = '', `missed` = 0;
END;
