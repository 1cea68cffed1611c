-- Calendar sync, part 2 of 3: one event, one identity.
--
-- Makes sure that external_calendar_events has exactly the unique constraint it should have:
--     external_calendar_events_provider_source_external_id_key
--     UNIQUE (provider_id, calendar_provider, external_event_id)
-- An older draft of part 1 left the calendar service out of the key, so that two services could not use the same event
-- id; another had the right columns under a name that the server made up (and cut). Either is dropped here.
--
-- After a correct part 1 nothing changes. Should two rows share an identity, adding the constraint fails and names them;
-- nothing is changed then, and nothing is deleted on anyone's behalf.
-- Undone by docs/ops/calendar_migration_rollback_scripts.sql, section rollback-uniqueness.

BEGIN;

DO $fix$
DECLARE
    right_name       CONSTANT name   := 'external_calendar_events_provider_source_external_id_key';
    right_definition CONSTANT text   := 'UNIQUE (provider_id, calendar_provider, external_event_id)';
    identity_columns CONSTANT name[] := ARRAY['provider_id', 'calendar_provider', 'external_event_id'];
    events           CONSTANT regclass := to_regclass('public.external_calendar_events');
    wrong            record;
    changed          boolean := false;
BEGIN
    IF events IS NULL THEN
        RAISE EXCEPTION 'public.external_calendar_events does not exist'
            USING ERRCODE = 'undefined_table', HINT = 'Apply 20260117000000_calendar_sync_foundations.sql first.';
    END IF;

    -- Wrong is: the right name on anything else, or another key that claims to be an event's identity, which is one
    -- with the event id in it and no column beside the three. A unique index without a constraint counts too. Other keys,
    -- such as the primary key, are none of this file's business.
    FOR wrong IN
        SELECT index_class.relname AS index_name, con.conname
          FROM pg_catalog.pg_index AS idx
          JOIN pg_catalog.pg_class AS index_class ON index_class.oid = idx.indexrelid
          LEFT JOIN pg_catalog.pg_constraint AS con
            ON con.conindid = idx.indexrelid AND con.conrelid = idx.indrelid AND con.contype IN ('u', 'x')
         CROSS JOIN LATERAL (
                SELECT array_agg(att.attname) AS names
                  FROM pg_catalog.pg_attribute AS att
                 WHERE att.attrelid = idx.indrelid
                   AND att.attnum = ANY ((idx.indkey::smallint[])[0:idx.indnkeyatts - 1])
               ) AS key_column
         WHERE idx.indrelid = events
           AND idx.indisunique
           AND NOT idx.indisprimary
           AND idx.indpred IS NULL
           AND idx.indexprs IS NULL
           AND (index_class.relname = right_name
                OR ('external_event_id' = ANY (key_column.names) AND key_column.names <@ identity_columns))
           AND NOT coalesce(con.conname = right_name
                            AND pg_catalog.pg_get_constraintdef(con.oid) = right_definition, false)
         ORDER BY index_class.relname
    LOOP
        IF wrong.conname IS NOT NULL THEN
            EXECUTE format('ALTER TABLE public.external_calendar_events DROP CONSTRAINT %I', wrong.conname);
            RAISE NOTICE 'dropped the wrong unique constraint %', wrong.conname;
        ELSE
            EXECUTE format('DROP INDEX public.%I', wrong.index_name);
            RAISE NOTICE 'dropped the wrong unique index %', wrong.index_name;
        END IF;
        changed := true;
    END LOOP;

    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint
         WHERE conrelid = events
           AND conname = right_name
           AND pg_catalog.pg_get_constraintdef(oid) = right_definition
    ) THEN
        ALTER TABLE public.external_calendar_events
            ADD CONSTRAINT external_calendar_events_provider_source_external_id_key
            UNIQUE (provider_id, calendar_provider, external_event_id);
        RAISE NOTICE 'added the constraint %', right_name;
        changed := true;
    END IF;

    IF NOT changed THEN
        RAISE NOTICE 'no change: % is already right', right_name;
    END IF;
END;
$fix$;

COMMIT;
