-- Calendar migrations: rollback scripts
--
-- The whole file is the complete rollback, in the only order that works: 3, then 2, then 1. By hand:
--     psql -X -v ON_ERROR_STOP=1 -f docs/ops/calendar_migration_rollback_scripts.sql
-- It can be run again, and on a database where nothing was applied: what is not there is skipped with a notice.
--
-- rollback-foundations DELETES EVERY ROW of external_calendar_events. Take a backup first.
--
-- Like the migrations, these scripts leave the migration history alone; whatever runs them records it. If the migrations
-- are in the history and the scripts are run by hand, take the rows out too, or "db push" will believe they are applied:
--     DELETE FROM supabase_migrations.schema_migrations
--      WHERE version IN ('20260117000000', '20260118000000', '20260119000000');

-- @section rollback-outbound-sync
-- Migration 3. Drops booking_id, sync_status and last_error of events, with their indexes and constraints.
-- When: application errors, failing integration tests, or when 1 or 2 must go.
-- The links from events to bookings are lost; bookings themselves are not touched.
BEGIN;

DROP INDEX IF EXISTS public.external_calendar_events_sync_status_idx;
DROP INDEX IF EXISTS public.external_calendar_events_booking_id_idx;
DROP INDEX IF EXISTS public.external_calendar_events_booking_calendar_provider_key;

ALTER TABLE IF EXISTS public.external_calendar_events
    DROP CONSTRAINT IF EXISTS external_calendar_events_sync_status_check,
    DROP CONSTRAINT IF EXISTS external_calendar_events_booking_id_fkey,
    DROP COLUMN IF EXISTS last_error,
    DROP COLUMN IF EXISTS sync_status,
    DROP COLUMN IF EXISTS booking_id;

COMMIT;

-- @section rollback-uniqueness
-- Migration 2. Drops the uniqueness constraint of events, whichever of migrations 1 and 2 made it.
-- When: constraint violations, or when 1 goes. Until it is back, the same event may be stored twice.
BEGIN;

ALTER TABLE IF EXISTS public.external_calendar_events
    DROP CONSTRAINT IF EXISTS external_calendar_events_provider_source_external_id_key;

COMMIT;

-- @section rollback-foundations
-- Migration 1. Drops external_calendar_events WITH ALL ITS ROWS, the sync state columns of connections, the triggers and
-- their function. When: table creation went wrong, tests fail, or data integrity is in doubt.
-- Kept: external_calendar_connections without the sync state columns, because it may hold tokens.
BEGIN;

DROP TABLE IF EXISTS public.external_calendar_events;

DROP TRIGGER IF EXISTS external_calendar_connections_set_updated_at ON public.external_calendar_connections;
DROP FUNCTION IF EXISTS public.set_external_calendar_updated_at();

DROP INDEX IF EXISTS public.external_calendar_connections_sync_due_idx;

ALTER TABLE IF EXISTS public.external_calendar_connections
    DROP COLUMN IF EXISTS backoff_until,
    DROP COLUMN IF EXISTS last_error,
    DROP COLUMN IF EXISTS error_count,
    DROP COLUMN IF EXISTS last_synced_at,
    DROP COLUMN IF EXISTS sync_token,
    DROP COLUMN IF EXISTS sync_cursor;

COMMIT;

-- @section compensating-steps
-- Nothing here runs. Where data has changed since the migrations and rolling back would lose it, do this instead, in order,
-- and write down who did what and when:
--
-- 1. Document the state. Keep the answers of every verification query, the server's log, and what is in the tables:
--        SELECT calendar_provider, sync_status, count(*), min(created_at), max(updated_at)
--          FROM public.external_calendar_events GROUP BY 1, 2 ORDER BY 1, 2;
--
-- 2. Export the data, both tables, with a checksum beside each file:
--        \copy (SELECT * FROM public.external_calendar_connections ORDER BY id) TO 'connections.csv' CSV HEADER
--        \copy (SELECT * FROM public.external_calendar_events ORDER BY id) TO 'events.csv' CSV HEADER
--    The first file holds tokens in plain text: keep it where only its owner can read it.
--
-- 3. Find the affected records: what was written since the ceremony began, and what it points to.
--        SELECT e.id, e.provider_id, e.calendar_provider, e.booking_id, e.sync_status, e.updated_at
--          FROM public.external_calendar_events AS e
--         WHERE e.updated_at >= timestamptz '<start of the ceremony>' ORDER BY e.updated_at;
--
-- 4. A rollback by the ceremony has written this already, beside the rows that it copied out: backup/restore-TABLE-ATTEMPT.sql
--    in the session's folder. By hand, write a restoration script from the backup: one transaction that inserts what was
--    lost by identity, so that it can be run twice, and that says how many rows it put back.
--        INSERT INTO public.external_calendar_events AS e (provider_id, calendar_provider, external_event_id, start_time, end_time)
--        SELECT ... FROM <the backup, loaded into a temporary table>
--            ON CONFLICT ON CONSTRAINT external_calendar_events_provider_source_external_id_key DO NOTHING;
--    Try it on a copy of the database first.
--
-- 5. Estimate the downtime from the time the copy took, tell the team, and only then begin.
