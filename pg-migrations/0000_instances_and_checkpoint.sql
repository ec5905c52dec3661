CREATE TABLE "durable_object_instance" (
	"do_name" text COLLATE "C" PRIMARY KEY NOT NULL,
	"do_id" text COLLATE "C" NOT NULL,
	"user_id" text COLLATE "C" NOT NULL,
	"do_type" text COLLATE "C" NOT NULL,
	"resource_name" text COLLATE "C" NOT NULL,
	"storage_bytes" bigint,
	"created_at" timestamp (3) with time zone NOT NULL,
	"last_accessed_at" timestamp (3) with time zone NOT NULL,
	"storage_measured_at" timestamp (3) with time zone,
	"seq" bigint NOT NULL,
	"mirrored_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "mirror_checkpoint" (
	"source" text COLLATE "C" PRIMARY KEY NOT NULL,
	"seq" bigint NOT NULL,
	"updated_at" timestamp (3) with time zone NOT NULL
);
