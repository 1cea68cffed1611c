-- Calendar sync, part 3 of 3: our bookings in the outside calendar.
--
-- An event row may now stand for a booking that was sent out. Needs part 1 only.
-- Non-breaking: the new columns are nullable and without a default, so no row is rewritten, and deleting a booking works
-- as before (the event row stays and loses its link).
--
-- Safe to run again: what is there already is left as it is.
-- Undone by docs/ops/calendar_migration_rollback_scripts.sql, section rollback-outbound-sync.

BEGIN;

ALTER TABLE public.external_calendar_events
    ADD COLUMN IF NOT EXISTS booking_id  bigint,
    ADD COLUMN IF NOT EXISTS sync_status text,
    ADD COLUMN IF NOT EXISTS last_error  text;

-- Not written beside the columns above: there is no IF NOT EXISTS for constraints, and a second run must not add a
-- second foreign key.
DO $guard$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint
         WHERE conrelid = 'public.external_calendar_events'::regclass
           AND conname = 'external_calendar_events_booking_id_fkey'
    ) THEN
        ALTER TABLE public.external_calendar_events
            ADD CONSTRAINT external_calendar_events_booking_id_fkey
            FOREIGN KEY (booking_id) REFERENCES public.bookings (id) ON DELETE SET NULL;
    END IF;

    -- Null means: not one of ours, it came in from outside.
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint
         WHERE conrelid = 'public.external_calendar_events'::regclass
           AND conname = 'external_calendar_events_sync_status_check'
    ) THEN
        ALTER TABLE public.external_calendar_events
            ADD CONSTRAINT external_calendar_events_sync_status_check
            CHECK (sync_status IN ('CREATED', 'UPDATED', 'CANCELLED', 'FAILED'));
    END IF;
END;
$guard$;

-- A booking is sent to each calendar service at most once.
CREATE UNIQUE INDEX IF NOT EXISTS external_calendar_events_booking_calendar_provider_key
    ON public.external_calendar_events (booking_id, calendar_provider)
    WHERE booking_id IS NOT NULL;

-- From a booking to its events, also for the foreign key when a booking is deleted.
CREATE INDEX IF NOT EXISTS external_calendar_events_booking_id_idx
    ON public.external_calendar_events (booking_id);
-- The retry job's question: what failed?
CREATE INDEX IF NOT EXISTS external_calendar_events_sync_status_idx
    ON public.external_calendar_events (sync_status);

COMMIT;
