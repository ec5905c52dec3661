-- An account that is removed in any other way than by an erasure leaves rooms with content behind: so its erasure is
-- asked for. One that runs already is not asked for again; it is finished in the same transaction as its own deletion.
CREATE TRIGGER `user_deleted_erasure`
AFTER DELETE ON `user`
BEGIN
	INSERT INTO `erasure` (`id`, `user_id`, `requested_by`, `requested_at`)
	VALUES (lower(hex(randomblob(16))), OLD.`id`, 'database', cast(unixepoch('subsec') * 1000 as integer))
	ON CONFLICT DO NOTHING;
END;
