COMMENT ON TABLE "durable_object_instance" IS 'Roomkeeper''s registry: one row for every room. A copy that the mirror keeps exact; whatever else is written here is undone.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."do_name" IS 'Name of the Durable Object: user:{user_id}:{do_type}:{resource_name}, each part percent-encoded.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."do_id" IS 'Hex id of the Durable Object, as Cloudflare lists it.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."user_id" IS 'The owner: the id of an account, or {issuer}#{sub} of a user of an outside issuer.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."do_type" IS 'workspace or document.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."resource_name" IS 'What the owner calls the room.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."storage_bytes" IS 'What the room stores, in bytes, as of storage_measured_at; null until measured.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."created_at" IS 'When the room was created, or recreated after its deletion.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."last_accessed_at" IS 'When the room was last used; behind by a minute at most.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."storage_measured_at" IS 'When storage_bytes was measured; null until then.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."seq" IS 'Number of the row''s last change in the registry.';--> statement-breakpoint
COMMENT ON COLUMN "durable_object_instance"."mirrored_at" IS 'When the mirror wrote the row.';--> statement-breakpoint
COMMENT ON TABLE "mirror_checkpoint" IS 'How far the copy is: it has every change up to seq. Written with the rows, in one transaction.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_checkpoint"."source" IS 'What is copied: registry.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_checkpoint"."seq" IS 'Number of the last change that the copy has.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_checkpoint"."updated_at" IS 'When a run last brought a change.';--> statement-breakpoint
COMMENT ON TABLE "mirror_reconcile" IS 'Comparisons of the whole copy with the registry, newest last.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."id" IS 'Order of the passes.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."source" IS 'What is copied: registry.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."mode" IS 'repair; or detect, which changes nothing.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."started_at" IS 'When the pass began.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."finished_at" IS 'When it ended; null while it goes on.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."compared_through" IS 'The do_name up to which it has compared; null before the first range and after the last.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."compared" IS 'Rows of the registry that were compared.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."missing" IS 'Rows that the copy lacked.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."extra" IS 'Rows that the copy had and the registry had not.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."different" IS 'Rows that differed in any column.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."repaired" IS 'Rows that were put right.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."seconds" IS 'Seconds of work.';--> statement-breakpoint
CREATE VIEW "user_storage" AS
SELECT
	"user_id",
	coalesce(sum("storage_bytes"), 0)::bigint AS "storage_bytes",
	count(*) AS "rooms",
	count(*) FILTER (WHERE "do_type" = 'workspace') AS "workspaces",
	count(*) FILTER (WHERE "do_type" = 'document') AS "documents",
	count(*) FILTER (WHERE "storage_bytes" IS NULL) AS "unmeasured",
	max("last_accessed_at") AS "last_accessed_at"
FROM "durable_object_instance"
GROUP BY "user_id";--> statement-breakpoint
COMMENT ON VIEW "user_storage" IS 'What each user stores.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage"."user_id" IS 'The owner: the id of an account, or {issuer}#{sub} of a user of an outside issuer.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage"."storage_bytes" IS 'Bytes of all his rooms that were measured.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage"."rooms" IS 'How many rooms he has.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage"."workspaces" IS 'How many of them are workspaces.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage"."documents" IS 'How many of them are documents.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage"."unmeasured" IS 'How many of them have no size yet.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage"."last_accessed_at" IS 'When he last used any of them.';--> statement-breakpoint
CREATE VIEW "idle_instance" AS
SELECT
	floor(extract(epoch FROM now() - "last_accessed_at") / 86400)::integer AS "idle_days",
	"last_accessed_at", "user_id", "do_type", "resource_name", "storage_bytes", "created_at", "do_name", "do_id"
FROM "durable_object_instance";--> statement-breakpoint
COMMENT ON VIEW "idle_instance" IS 'Rooms by how long they have not been used: where idle_days >= 90.';--> statement-breakpoint
COMMENT ON COLUMN "idle_instance"."idle_days" IS 'Whole days of 24 hours since the room was last used.';--> statement-breakpoint
CREATE VIEW "largest_instance" AS
SELECT
	rank() OVER (ORDER BY "storage_bytes" DESC) AS "rank",
	"storage_bytes", "storage_measured_at", "user_id", "do_type", "resource_name", "last_accessed_at", "created_at", "do_name", "do_id"
FROM "durable_object_instance"
WHERE "storage_bytes" IS NOT NULL;--> statement-breakpoint
COMMENT ON VIEW "largest_instance" IS 'Measured rooms by what they store, the largest first: where rank <= 20.';--> statement-breakpoint
COMMENT ON COLUMN "largest_instance"."rank" IS '1 for the largest; rooms of the same size share one.';
