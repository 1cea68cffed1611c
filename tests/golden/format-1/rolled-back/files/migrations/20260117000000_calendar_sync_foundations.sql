-- Calendar sync, part 1 of 3: the two core tables.
--
-- Prepares the schema only. Everything that would use it stays behind CALENDAR_SYNC_ENABLED, CALENDAR_OAUTH_ENABLED,
-- CALENDAR_JOBS_ENABLED and CALENDAR_WEBHOOK_ENABLED, which are off. Nothing that exists is altered.
--
-- Safe to run again: what is there already is left as it is, object for object.
-- Undone by docs/ops/calendar_migration_rollback_scripts.sql, section rollback-foundations.

BEGIN;

-- A provider's link to an outside calendar. One for each calendar service, hence the unique key; the provider's own key
-- is called provider_id here as everywhere else.
-- access_token and refresh_token are plain text for now: encryption is deferred, and the sign-off names that as an
-- accepted risk.
CREATE TABLE IF NOT EXISTS public.external_calendar_connections (
    id                    uuid        NOT NULL DEFAULT gen_random_uuid(),
    provider_id           bigint      NOT NULL,
    provider              text        NOT NULL,
    external_account_id   text,
    external_calendar_id  text,
    access_token          text,
    refresh_token         text,
    token_expires_at      timestamptz,
    scopes                text[]      NOT NULL DEFAULT '{}',
    status                text        NOT NULL DEFAULT 'ACTIVE',
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT external_calendar_connections_pkey PRIMARY KEY (id),
    CONSTRAINT external_calendar_connections_provider_id_provider_key UNIQUE (provider_id, provider),
    CONSTRAINT external_calendar_connections_provider_id_fkey
        FOREIGN KEY (provider_id) REFERENCES public.providers (id) ON DELETE CASCADE,
    CONSTRAINT external_calendar_connections_status_check
        CHECK (status IN ('ACTIVE', 'PAUSED', 'REVOKED', 'ERROR'))
);

-- How far the last sync came, and when the next one may be tried. Added one by one and apart from the table, because a
-- rollback keeps the table (it may hold tokens) and takes these columns away: the table is then there without them.
ALTER TABLE public.external_calendar_connections
    ADD COLUMN IF NOT EXISTS sync_cursor    text,
    ADD COLUMN IF NOT EXISTS sync_token     text,
    ADD COLUMN IF NOT EXISTS last_synced_at timestamptz,
    ADD COLUMN IF NOT EXISTS error_count    integer NOT NULL DEFAULT 0,
    ADD COLUMN IF NOT EXISTS last_error     text,
    ADD COLUMN IF NOT EXISTS backoff_until  timestamptz;

-- Events as the outside calendar has them. An event's identity is its provider, the calendar service and the id that
-- service gave it. The name of that key is written out: the one the server would make up is longer than 63 bytes, and
-- the server would cut it without an error.
CREATE TABLE IF NOT EXISTS public.external_calendar_events (
    id                    uuid        NOT NULL DEFAULT gen_random_uuid(),
    provider_id           bigint      NOT NULL,
    calendar_provider     text        NOT NULL,
    external_event_id     text        NOT NULL,
    external_calendar_id  text,
    start_time            timestamptz NOT NULL,
    end_time              timestamptz NOT NULL,
    is_all_day            boolean     NOT NULL DEFAULT false,
    is_busy               boolean     NOT NULL DEFAULT true,
    summary               text,
    etag                  text,
    created_at            timestamptz NOT NULL DEFAULT now(),
    updated_at            timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT external_calendar_events_pkey PRIMARY KEY (id),
    CONSTRAINT external_calendar_events_provider_source_external_id_key
        UNIQUE (provider_id, calendar_provider, external_event_id),
    CONSTRAINT external_calendar_events_provider_id_fkey
        FOREIGN KEY (provider_id) REFERENCES public.providers (id) ON DELETE CASCADE,
    CONSTRAINT external_calendar_events_time_order_check
        CHECK (end_time > start_time)
);

-- The scheduler's question: which active connections are due?
CREATE INDEX IF NOT EXISTS external_calendar_connections_status_idx
    ON public.external_calendar_connections (status);
CREATE INDEX IF NOT EXISTS external_calendar_connections_sync_due_idx
    ON public.external_calendar_connections (last_synced_at NULLS FIRST, backoff_until);

-- The booking form's question: is this provider busy between two times?
CREATE INDEX IF NOT EXISTS external_calendar_events_provider_time_idx
    ON public.external_calendar_events (provider_id, start_time, end_time);
-- The clean-up's question: which busy times are over?
CREATE INDEX IF NOT EXISTS external_calendar_events_end_time_idx
    ON public.external_calendar_events (end_time);

-- Not CREATE OR REPLACE: a second run would write the same function anew.
DO $guard$
BEGIN
    IF to_regprocedure('public.set_external_calendar_updated_at()') IS NULL THEN
        CREATE FUNCTION public.set_external_calendar_updated_at()
        RETURNS trigger
        LANGUAGE plpgsql
        SET search_path = ''
        AS $function$
        BEGIN
            NEW.updated_at := now();
            RETURN NEW;
        END;
        $function$;
    END IF;
END;
$guard$;

-- Triggers have no IF NOT EXISTS, and DROP plus CREATE would make new ones each time: the catalog is asked instead.
DO $guard$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger
         WHERE tgrelid = 'public.external_calendar_connections'::regclass
           AND tgname = 'external_calendar_connections_set_updated_at'
    ) THEN
        CREATE TRIGGER external_calendar_connections_set_updated_at
            BEFORE UPDATE ON public.external_calendar_connections
            FOR EACH ROW EXECUTE FUNCTION public.set_external_calendar_updated_at();
    END IF;

    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger
         WHERE tgrelid = 'public.external_calendar_events'::regclass
           AND tgname = 'external_calendar_events_set_updated_at'
    ) THEN
        CREATE TRIGGER external_calendar_events_set_updated_at
            BEFORE UPDATE ON public.external_calendar_events
            FOR EACH ROW EXECUTE FUNCTION public.set_external_calendar_updated_at();
    END IF;
END;
$guard$;

-- Deny by default: a table with tokens in it must not be readable through an API that serves the public schema. The
-- application works as the owner or with a role that bypasses this; policies come with the feature itself.
DO $guard$
BEGIN
    IF NOT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'public.external_calendar_connections'::regclass) THEN
        ALTER TABLE public.external_calendar_connections ENABLE ROW LEVEL SECURITY;
    END IF;
    IF NOT (SELECT relrowsecurity FROM pg_catalog.pg_class WHERE oid = 'public.external_calendar_events'::regclass) THEN
        ALTER TABLE public.external_calendar_events ENABLE ROW LEVEL SECURITY;
    END IF;
END;
$guard$;

COMMIT;
