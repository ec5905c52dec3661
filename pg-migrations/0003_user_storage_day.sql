CREATE TABLE "user_storage_day" (
	"user_id" text COLLATE "C" NOT NULL,
	"day" date NOT NULL,
	"opened_bytes" bigint NOT NULL,
	"storage_bytes" bigint NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"byte_seconds" bigint NOT NULL,
	"seq" bigint NOT NULL,
	"gone_at" timestamp (3) with time zone,
	"mirrored_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "user_storage_day_user_id_day_pk" PRIMARY KEY("user_id","day")
);
--> statement-breakpoint
COMMENT ON TABLE "user_storage_day" IS 'What each user stored when: one row for each day (UTC) on which his total changed, none for other days. A copy that the mirror keeps exact; what the registry prunes, when an account is gone, stays here.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_day"."user_id" IS 'The owner: the id of an account, or {issuer}#{sub} of a user of an outside issuer.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_day"."day" IS 'A day on which his total changed, UTC.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_day"."opened_bytes" IS 'What he stored at midnight, before the first change of the day.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_day"."storage_bytes" IS 'What he stored after the last change of the day, and so until the next row.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_day"."changed_at" IS 'When that change was.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_day"."byte_seconds" IS 'Bytes times seconds from midnight to changed_at.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_day"."seq" IS 'Number of the last change in the registry that made it.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_day"."gone_at" IS 'When a reconcile pass found that the registry has the row no more; null while it has.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_day"."mirrored_at" IS 'When the mirror wrote the row.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."source" IS 'What is compared: registry, the rooms; then user_storage_day.';--> statement-breakpoint
COMMENT ON COLUMN "mirror_reconcile"."compared_through" IS 'The do_name, or the user_id, up to which it has compared; null before the first range and after the last.';--> statement-breakpoint
CREATE VIEW "user_storage_month" AS
WITH "part" AS (
	SELECT "user_id", "day" AS "since", "byte_seconds"::numeric AS "byte_seconds" FROM "user_storage_day"
	UNION ALL
	SELECT
		"steady"."user_id",
		("month" AT TIME ZONE 'UTC')::date,
		"storage_bytes" * extract(epoch FROM
			least("until", ("month" AT TIME ZONE 'UTC' + interval '1 month') AT TIME ZONE 'UTC') - greatest("changed_at", "month"))::numeric
	FROM (
		SELECT "user_id", "storage_bytes", "changed_at", coalesce(
			(lead("day") OVER (PARTITION BY "user_id" ORDER BY "day"))::timestamp AT TIME ZONE 'UTC',
			"gone_at",
			now()
		) AS "until"
		FROM "user_storage_day"
	) AS "steady"
	CROSS JOIN LATERAL (
		SELECT "local" AT TIME ZONE 'UTC' AS "month"
		FROM generate_series(
			date_trunc('month', "changed_at" AT TIME ZONE 'UTC'), "until" AT TIME ZONE 'UTC', interval '1 month'
		) AS "local"
	) AS "months"
	WHERE "until" > "changed_at" AND "storage_bytes" > 0
)
SELECT
	"user_id",
	date_trunc('month', "since"::timestamp)::date AS "month",
	round(sum("byte_seconds")) AS "byte_seconds",
	sum("byte_seconds") / 1e9 / (86400 * extract(day FROM date_trunc('month', "since"::timestamp) + interval '1 month - 1 day'))::numeric
		AS "gb_months"
FROM "part"
GROUP BY "user_id", date_trunc('month', "since"::timestamp);--> statement-breakpoint
COMMENT ON VIEW "user_storage_month" IS 'What each user stored in each month (UTC) in which he stored anything or changed it; this month as far as it has come.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_month"."user_id" IS 'The owner: the id of an account, or {issuer}#{sub} of a user of an outside issuer.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_month"."month" IS 'Its first day.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_month"."byte_seconds" IS 'Bytes times seconds, exact.';--> statement-breakpoint
COMMENT ON COLUMN "user_storage_month"."gb_months" IS 'The same in gigabytes (10^9 bytes) for a whole month of this length.';
