CREATE TABLE "mirror_reconcile" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "mirror_reconcile_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"source" text COLLATE "C" NOT NULL,
	"mode" text COLLATE "C" NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"compared_through" text COLLATE "C",
	"compared" bigint DEFAULT 0 NOT NULL,
	"missing" bigint DEFAULT 0 NOT NULL,
	"extra" bigint DEFAULT 0 NOT NULL,
	"different" bigint DEFAULT 0 NOT NULL,
	"repaired" bigint DEFAULT 0 NOT NULL,
	"seconds" double precision DEFAULT 0 NOT NULL
);
--> statement-breakpoint
CREATE INDEX "mirror_reconcile_source_mode" ON "mirror_reconcile" USING btree ("source","mode","id");