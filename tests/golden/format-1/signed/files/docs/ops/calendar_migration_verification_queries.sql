-- Calendar migrations: verification queries
--
-- Each section is one SELECT. ceremony.toml names the sections and says what each must answer: no row, one value, a set of
-- rows, or anything at all (informational). By hand, with each query shown above its answer:
--     psql -X -a -f docs/ops/calendar_migration_verification_queries.sql
--
-- Every query runs without an error before, during and after the migrations, in a read-only transaction too. One that
-- reads a table or column that may not be there hands its question over as text, so that the server only looks for the table
-- when it is there; if it is not, the answer is a row that says so. query_to_xml runs such a text, XMLTABLE turns what
-- comes back into columns. What is about the schema alone is asked of the catalog, which is always there.
-- Ids from outside are handed over as JSON strings, so that whatever was put into them stays visible; the two characters that
-- XML cannot carry at all, U+FFFE and U+FFFF, are shown as "?".

-- =====================================================================================================================
-- Before the migrations

-- @section pre-prerequisites
-- What the migrations build on: providers and bookings, each with a bigint key called id.
-- Expected: no row. A row names what is missing.
SELECT needed.table_name,
       needed.column_name,
       CASE WHEN to_regclass('public.' || needed.table_name) IS NULL THEN 'the table does not exist'
            WHEN att.attname IS NULL THEN 'the column does not exist'
            WHEN format_type(att.atttypid, att.atttypmod) <> 'bigint' THEN 'is ' || format_type(att.atttypid, att.atttypmod) || ', not bigint'
            ELSE 'is not a primary or unique key'
       END AS problem
  FROM (VALUES ('providers', 'id'), ('bookings', 'id')) AS needed (table_name, column_name)
  LEFT JOIN pg_catalog.pg_attribute AS att
    ON att.attrelid = to_regclass('public.' || needed.table_name)
   AND att.attname = needed.column_name
   AND NOT att.attisdropped
 WHERE att.attname IS NULL
    OR format_type(att.atttypid, att.atttypmod) <> 'bigint'
    OR NOT EXISTS (
           SELECT FROM pg_catalog.pg_constraint AS con
            WHERE con.conrelid = att.attrelid
              AND con.contype IN ('p', 'u')
              AND con.conkey = ARRAY[att.attnum]
       )
 ORDER BY needed.table_name;

-- @section pre-slot-conflict-prevention
-- Migration 0 is in place in its corrected form: the ranges are tstzrange, because the columns are timestamptz.
-- Expected: the constraint's definition.
SELECT coalesce(
           (SELECT pg_get_constraintdef(con.oid)
              FROM pg_catalog.pg_constraint AS con
             WHERE con.conrelid = to_regclass('public.booking_slots')
               AND con.contype = 'x'
               AND con.conname = 'booking_slots_no_overlap'),
           'the constraint booking_slots_no_overlap does not exist'
       ) AS definition;

-- @section pre-tables-absent-or-empty
-- The state is clean: neither calendar table holds rows.
-- Expected: no row. A row names a table and how many rows it holds.
SELECT calendar.table_name, found.row_count::text AS row_count
  FROM (VALUES ('external_calendar_connections'), ('external_calendar_events')) AS calendar (table_name)
 CROSS JOIN LATERAL query_to_xml(
           CASE WHEN to_regclass('public.' || calendar.table_name) IS NOT NULL
                THEN format('SELECT count(*) AS row_count FROM public.%I', calendar.table_name)
           END, false, false, '') AS answer
 CROSS JOIN LATERAL XMLTABLE('/table/row' PASSING answer COLUMNS row_count bigint) AS found
 WHERE found.row_count > 0
 ORDER BY calendar.table_name;

-- @section pre-no-conflicting-data
-- No row that is already there would break a constraint the migrations add. Columns are read by name from the whole row,
-- because an older table may lack some of them.
-- Expected: no row. A row names the table, the problem and how many rows or groups have it.
SELECT found.table_name, found.problem, found.row_count::text AS row_count
  FROM (VALUES
           (CASE WHEN to_regclass('public.external_calendar_connections') IS NOT NULL THEN $$
               SELECT 'external_calendar_connections' AS table_name,
                      'more than one connection of a provider to one calendar service' AS problem,
                      count(*) AS row_count
                 FROM (SELECT FROM public.external_calendar_connections AS c
                        GROUP BY to_jsonb(c) ->> 'provider_id', to_jsonb(c) ->> 'provider'
                       HAVING count(*) > 1) AS duplicate
            $$ END),
           (CASE WHEN to_regclass('public.external_calendar_events') IS NOT NULL THEN $$
               SELECT 'external_calendar_events' AS table_name,
                      'event identity used more than once' AS problem,
                      count(*) AS row_count
                 FROM (SELECT FROM public.external_calendar_events AS e
                        GROUP BY to_jsonb(e) ->> 'provider_id', to_jsonb(e) ->> 'calendar_provider', to_jsonb(e) ->> 'external_event_id'
                       HAVING count(*) > 1) AS duplicate
                UNION ALL
               SELECT 'external_calendar_events', 'does not end after it starts', count(*)
                 FROM public.external_calendar_events AS e
                WHERE (to_jsonb(e) ->> 'end_time')::timestamptz <= (to_jsonb(e) ->> 'start_time')::timestamptz
                UNION ALL
               SELECT 'external_calendar_events', 'sync status is none of the four', count(*)
                 FROM public.external_calendar_events AS e
                WHERE to_jsonb(e) ->> 'sync_status' NOT IN ('CREATED', 'UPDATED', 'CANCELLED', 'FAILED')
            $$ END)
       ) AS question (sql_text)
 CROSS JOIN LATERAL query_to_xml(question.sql_text, false, false, '') AS answer
 CROSS JOIN LATERAL XMLTABLE('/table/row' PASSING answer COLUMNS table_name text, problem text, row_count bigint) AS found
 WHERE found.row_count > 0
 ORDER BY found.table_name, found.problem;

-- @section pre-no-conflicting-constraints
-- No key that contradicts the one the migrations make (an identity with other columns, or under another name), and no other
-- object that already has a name they need.
-- Expected: no row. A row names the object and the problem.
SELECT wrong.object_name, wrong.problem, wrong.definition
  FROM (
        SELECT index_class.relname::text AS object_name,
               'another key for the identity of an event' AS problem,
               pg_get_indexdef(idx.indexrelid) AS definition
          FROM pg_catalog.pg_index AS idx
          JOIN pg_catalog.pg_class AS index_class ON index_class.oid = idx.indexrelid
          LEFT JOIN pg_catalog.pg_constraint AS con ON con.conindid = idx.indexrelid AND con.conrelid = idx.indrelid AND con.contype = 'u'
         WHERE idx.indrelid = to_regclass('public.external_calendar_events')
           AND idx.indisunique
           AND EXISTS (
                   SELECT FROM pg_catalog.pg_attribute AS att
                    WHERE att.attrelid = idx.indrelid
                      AND att.attnum = ANY (idx.indkey::smallint[])
                      AND att.attname = 'external_event_id'
               )
           AND NOT coalesce(con.conname = 'external_calendar_events_provider_source_external_id_key'
                            AND pg_get_constraintdef(con.oid) = 'UNIQUE (provider_id, calendar_provider, external_event_id)', false)
         UNION ALL
        SELECT other.relname::text,
               'has a name that the migrations need',
               coalesce(pg_get_indexdef(idx.indexrelid), 'relation of kind ' || other.relkind::text)
          FROM pg_catalog.pg_class AS other
          LEFT JOIN pg_catalog.pg_index AS idx ON idx.indexrelid = other.oid
         WHERE other.relnamespace = to_regnamespace('public')
           AND other.relname IN (
                   'external_calendar_connections_pkey',
                   'external_calendar_connections_provider_id_provider_key',
                   'external_calendar_connections_status_idx',
                   'external_calendar_connections_sync_due_idx',
                   'external_calendar_events_pkey',
                   'external_calendar_events_provider_source_external_id_key',
                   'external_calendar_events_provider_time_idx',
                   'external_calendar_events_end_time_idx',
                   'external_calendar_events_booking_calendar_provider_key',
                   'external_calendar_events_booking_id_idx',
                   'external_calendar_events_sync_status_idx'
               )
           AND (idx.indrelid = to_regclass('public.external_calendar_connections')
                OR idx.indrelid = to_regclass('public.external_calendar_events')) IS NOT TRUE
       ) AS wrong
 ORDER BY wrong.object_name;

-- @section pre-no-active-sync
-- Nobody is syncing: no other session in this database holds or awaits a lock on a calendar table, or calls itself
-- calendar-sync.
-- Expected: no row. A row names the session.
SELECT activity.pid::text AS pid,
       activity.application_name,
       activity.state,
       coalesce(string_agg(DISTINCT lock.relation::regclass::text || ' ' || lock.mode, ', '), 'no lock on a calendar table') AS locks
  FROM pg_catalog.pg_stat_activity AS activity
  LEFT JOIN pg_catalog.pg_locks AS lock
    ON lock.pid = activity.pid
   AND lock.locktype = 'relation'
   AND lock.database = activity.datid
   AND lock.relation IN (to_regclass('public.external_calendar_connections'), to_regclass('public.external_calendar_events'))
 WHERE activity.datname = current_database()
   AND activity.pid <> pg_backend_pid()
   AND (lock.pid IS NOT NULL OR activity.application_name ~* '^calendar[-_ ]?sync')
 GROUP BY activity.pid, activity.application_name, activity.state
 ORDER BY activity.pid;

-- =====================================================================================================================
-- After migration 1: foundations

-- @section foundations-tables
-- Both calendar tables exist.
-- Expected: "exists" beside each.
SELECT expected.table_name,
       CASE WHEN cls.oid IS NULL THEN 'missing' WHEN cls.relkind = 'r' THEN 'exists' ELSE 'is not a table' END AS state
  FROM (VALUES ('external_calendar_connections'), ('external_calendar_events')) AS expected (table_name)
  LEFT JOIN pg_catalog.pg_class AS cls ON cls.oid = to_regclass('public.' || expected.table_name)
 ORDER BY expected.table_name;

-- @section foundations-constraint-name
-- Under which name is the identity of an event unique? Found by its columns, in any order, so that a wrong name shows.
-- Expected: the documented name, alone.
SELECT coalesce(string_agg(con.conname, ', ' ORDER BY con.conname), 'no unique constraint on these three columns') AS constraint_name
  FROM pg_catalog.pg_constraint AS con
 WHERE con.conrelid = to_regclass('public.external_calendar_events')
   AND con.contype = 'u'
   AND ARRAY['calendar_provider', 'external_event_id', 'provider_id'] = ARRAY(
           SELECT att.attname::text
             FROM pg_catalog.pg_attribute AS att
            WHERE att.attrelid = con.conrelid
              AND att.attnum = ANY (con.conkey)
            ORDER BY att.attname::text COLLATE "C"
       );

-- @section foundations-connections-key
-- A provider has one connection to a calendar service.
-- Expected: the key's definition.
SELECT coalesce(string_agg(pg_get_constraintdef(con.oid), ', ' ORDER BY con.conname), 'no unique constraint on connections') AS definition
  FROM pg_catalog.pg_constraint AS con
 WHERE con.conrelid = to_regclass('public.external_calendar_connections')
   AND con.contype = 'u';

-- @section foundations-sync-state-columns
-- The sync state columns of connections.
-- Expected: each of the six with its type.
SELECT expected.column_name, coalesce(format_type(att.atttypid, att.atttypmod), 'missing') AS data_type
  FROM (VALUES ('sync_cursor'), ('sync_token'), ('last_synced_at'), ('error_count'), ('last_error'), ('backoff_until')) AS expected (column_name)
  LEFT JOIN pg_catalog.pg_attribute AS att
    ON att.attrelid = to_regclass('public.external_calendar_connections')
   AND att.attname = expected.column_name
   AND NOT att.attisdropped
 ORDER BY expected.column_name;

-- @section foundations-time-order
-- An event must end after it starts; the check holds for the rows that were there, too.
-- Expected: the check's definition, without NOT VALID.
SELECT coalesce(string_agg(pg_get_constraintdef(con.oid), ', ' ORDER BY con.conname), 'no such check on events') AS definition
  FROM pg_catalog.pg_constraint AS con
 WHERE con.conrelid = to_regclass('public.external_calendar_events')
   AND con.conname = 'external_calendar_events_time_order_check';

-- @section foundations-triggers
-- Both tables keep updated_at by a trigger that fires.
-- Expected: "enabled" beside each.
SELECT expected.trigger_name,
       CASE WHEN trg.oid IS NULL THEN 'missing' WHEN trg.tgenabled IN ('O', 'A') THEN 'enabled' ELSE 'disabled' END AS state
  FROM (VALUES
           ('external_calendar_connections', 'external_calendar_connections_set_updated_at'),
           ('external_calendar_events', 'external_calendar_events_set_updated_at')
       ) AS expected (table_name, trigger_name)
  LEFT JOIN pg_catalog.pg_trigger AS trg
    ON trg.tgrelid = to_regclass('public.' || expected.table_name)
   AND trg.tgname = expected.trigger_name
 ORDER BY expected.trigger_name;

-- @section foundations-indexes
-- The lookup indexes on both tables exist and are valid.
-- Expected: "valid" beside each.
SELECT expected.index_name,
       CASE WHEN idx.indexrelid IS NULL THEN 'missing' WHEN idx.indisvalid THEN 'valid' ELSE 'invalid' END AS state
  FROM (VALUES
           ('external_calendar_connections', 'external_calendar_connections_status_idx'),
           ('external_calendar_connections', 'external_calendar_connections_sync_due_idx'),
           ('external_calendar_events', 'external_calendar_events_end_time_idx'),
           ('external_calendar_events', 'external_calendar_events_provider_time_idx')
       ) AS expected (table_name, index_name)
  LEFT JOIN pg_catalog.pg_index AS idx
    ON idx.indexrelid = to_regclass('public.' || expected.index_name)
   AND idx.indrelid = to_regclass('public.' || expected.table_name)
 ORDER BY expected.index_name;

-- @section foundations-row-security
-- Row level security is on for both tables: without a policy nobody but the owner reads tokens.
-- Expected: "on" beside each.
SELECT expected.table_name,
       CASE WHEN cls.oid IS NULL THEN 'missing' WHEN cls.relrowsecurity THEN 'on' ELSE 'off' END AS row_security
  FROM (VALUES ('external_calendar_connections'), ('external_calendar_events')) AS expected (table_name)
  LEFT JOIN pg_catalog.pg_class AS cls ON cls.oid = to_regclass('public.' || expected.table_name)
 ORDER BY expected.table_name;

-- =====================================================================================================================
-- After migration 2: uniqueness

-- @section uniqueness-constraint-definition
-- What the documented name stands for.
-- Expected: UNIQUE (provider_id, calendar_provider, external_event_id).
SELECT coalesce(
           (SELECT pg_get_constraintdef(con.oid)
              FROM pg_catalog.pg_constraint AS con
             WHERE con.conrelid = to_regclass('public.external_calendar_events')
               AND con.conname = 'external_calendar_events_provider_source_external_id_key'),
           'the constraint does not exist'
       ) AS definition;

-- @section uniqueness-only-one
-- How many keys say what identifies an event? A second one, under whatever name, would refuse events that are fine.
-- Expected: 1.
SELECT count(*)::text AS identity_keys
  FROM pg_catalog.pg_index AS idx
 WHERE idx.indrelid = to_regclass('public.external_calendar_events')
   AND idx.indisunique
   AND EXISTS (
           SELECT FROM pg_catalog.pg_attribute AS att
            WHERE att.attrelid = idx.indrelid
              AND att.attnum = ANY (idx.indkey::smallint[])
              AND att.attname = 'external_event_id'
       );

-- =====================================================================================================================
-- After migration 3: outbound sync

-- @section outbound-sync-columns
-- The three new columns of events; all of them may be null, so that nothing that writes today breaks.
-- Expected: each with its type, nullable.
SELECT expected.column_name,
       coalesce(format_type(att.atttypid, att.atttypmod), 'missing') AS data_type,
       CASE WHEN att.attname IS NULL THEN 'missing' WHEN att.attnotnull THEN 'not null' ELSE 'nullable' END AS nullability
  FROM (VALUES ('booking_id'), ('sync_status'), ('last_error')) AS expected (column_name)
  LEFT JOIN pg_catalog.pg_attribute AS att
    ON att.attrelid = to_regclass('public.external_calendar_events')
   AND att.attname = expected.column_name
   AND NOT att.attisdropped
 ORDER BY expected.column_name;

-- @section outbound-sync-booking-link
-- Where booking_id leads. Written from the catalog, not by the server, whose wording depends on the search path.
-- Expected: one foreign key to bookings that forgets the link when the booking goes.
SELECT coalesce(
           string_agg(
               format('%I -> %I.%I (%I) on delete %s%s', att.attname, target_schema.nspname, target.relname, target_att.attname,
                      CASE con.confdeltype WHEN 'n' THEN 'set null' WHEN 'c' THEN 'cascade' WHEN 'r' THEN 'restrict' WHEN 'd' THEN 'set default' ELSE 'no action' END,
                      CASE WHEN con.convalidated THEN '' ELSE ', not validated' END),
               ', ' ORDER BY con.conname),
           'no foreign key on booking_id') AS booking_link
  FROM pg_catalog.pg_constraint AS con
  JOIN pg_catalog.pg_attribute AS att ON att.attrelid = con.conrelid AND att.attnum = con.conkey[1]
  JOIN pg_catalog.pg_class AS target ON target.oid = con.confrelid
  JOIN pg_catalog.pg_namespace AS target_schema ON target_schema.oid = target.relnamespace
  JOIN pg_catalog.pg_attribute AS target_att ON target_att.attrelid = con.confrelid AND target_att.attnum = con.confkey[1]
 WHERE con.conrelid = to_regclass('public.external_calendar_events')
   AND con.contype = 'f'
   AND att.attname = 'booking_id';

-- @section outbound-sync-status-values
-- What sync_status may be.
-- Expected: a check with the four values.
SELECT coalesce(string_agg(pg_get_constraintdef(con.oid), ', ' ORDER BY con.conname), 'no check on sync_status') AS definition
  FROM pg_catalog.pg_constraint AS con
  JOIN pg_catalog.pg_attribute AS att ON att.attrelid = con.conrelid AND att.attname = 'sync_status' AND att.attnum = ANY (con.conkey)
 WHERE con.conrelid = to_regclass('public.external_calendar_events')
   AND con.contype = 'c';

-- @section outbound-sync-indexes
-- The booking indexes: what they cover, which of them is unique, and where it applies.
-- Expected: these three, valid.
SELECT expected.index_name,
       CASE WHEN idx.indexrelid IS NULL THEN 'missing'
            ELSE concat_ws(' ',
                     CASE WHEN NOT idx.indisvalid THEN 'INVALID' END,
                     CASE WHEN idx.indisunique THEN 'unique' END,
                     'on ' || (SELECT string_agg(att.attname, ', ' ORDER BY array_position(idx.indkey::smallint[], att.attnum))
                                 FROM pg_catalog.pg_attribute AS att
                                WHERE att.attrelid = idx.indrelid AND att.attnum = ANY (idx.indkey::smallint[])),
                     'where ' || pg_get_expr(idx.indpred, idx.indrelid))
       END AS definition
  FROM (VALUES
           ('external_calendar_events_booking_calendar_provider_key'),
           ('external_calendar_events_booking_id_idx'),
           ('external_calendar_events_sync_status_idx')
       ) AS expected (index_name)
  LEFT JOIN pg_catalog.pg_index AS idx
    ON idx.indexrelid = to_regclass('public.' || expected.index_name)
   AND idx.indrelid = to_regclass('public.external_calendar_events')
 ORDER BY expected.index_name;

-- =====================================================================================================================
-- After all migrations. Each must return no row; before its migration each returns a row that says what is missing.

-- @section post-duplicate-events
-- The same event identity on more than one row.
-- Expected: no row.
SELECT found.finding, found.provider_id, found.calendar_provider, found.external_event_id, found.row_count
  FROM query_to_xml(
           CASE WHEN to_regclass('public.external_calendar_events') IS NULL THEN $$
               SELECT 'the table external_calendar_events does not exist' AS finding
           $$ ELSE $$
               SELECT 'duplicate event identity' AS finding,
                      provider_id,
                      regexp_replace(to_json(calendar_provider)::text, '[\uFFFE\uFFFF]', '?', 'g') AS calendar_provider,
                      regexp_replace(to_json(external_event_id)::text, '[\uFFFE\uFFFF]', '?', 'g') AS external_event_id,
                      count(*) AS row_count
                 FROM public.external_calendar_events
                GROUP BY provider_id, calendar_provider, external_event_id
               HAVING count(*) > 1
                ORDER BY provider_id, calendar_provider, external_event_id
           $$ END, false, false, '') AS answer
 CROSS JOIN LATERAL XMLTABLE('/table/row' PASSING answer
           COLUMNS finding text, provider_id text, calendar_provider text, external_event_id text, row_count text) AS found;

-- @section post-duplicate-booking-mappings
-- A booking that was sent to the same calendar service more than once.
-- Expected: no row.
SELECT found.finding, found.booking_id, found.calendar_provider, found.row_count
  FROM query_to_xml(
           CASE WHEN to_regclass('public.external_calendar_events') IS NULL THEN $$
               SELECT 'the table external_calendar_events does not exist' AS finding
           $$ WHEN NOT EXISTS (
               SELECT FROM pg_catalog.pg_attribute
                WHERE attrelid = to_regclass('public.external_calendar_events') AND attname = 'booking_id' AND NOT attisdropped
           ) THEN $$
               SELECT 'the column external_calendar_events.booking_id does not exist' AS finding
           $$ ELSE $$
               SELECT 'duplicate booking mapping' AS finding,
                      booking_id,
                      regexp_replace(to_json(calendar_provider)::text, '[\uFFFE\uFFFF]', '?', 'g') AS calendar_provider,
                      count(*) AS row_count
                 FROM public.external_calendar_events
                WHERE booking_id IS NOT NULL
                GROUP BY booking_id, calendar_provider
               HAVING count(*) > 1
                ORDER BY booking_id, calendar_provider
           $$ END, false, false, '') AS answer
 CROSS JOIN LATERAL XMLTABLE('/table/row' PASSING answer
           COLUMNS finding text, booking_id text, calendar_provider text, row_count text) AS found;

-- @section post-orphaned-events
-- Events and connections of a provider that does not exist.
-- Expected: no row.
SELECT found.finding, found.row_id, found.provider_id
  FROM query_to_xml(
           CASE WHEN to_regclass('public.external_calendar_events') IS NULL
                  OR to_regclass('public.external_calendar_connections') IS NULL THEN $$
               SELECT 'a calendar table does not exist' AS finding
           $$ ELSE $$
               SELECT 'event without a provider' AS finding, e.id AS row_id, e.provider_id
                 FROM public.external_calendar_events AS e
                WHERE NOT EXISTS (SELECT FROM public.providers AS p WHERE p.id = e.provider_id)
                UNION ALL
               SELECT 'connection without a provider', c.id, c.provider_id
                 FROM public.external_calendar_connections AS c
                WHERE NOT EXISTS (SELECT FROM public.providers AS p WHERE p.id = c.provider_id)
                ORDER BY 1, 2
           $$ END, false, false, '') AS answer
 CROSS JOIN LATERAL XMLTABLE('/table/row' PASSING answer
           COLUMNS finding text, row_id text, provider_id text) AS found;

-- @section post-orphaned-bookings
-- Events that point to a booking which does not exist, or to a booking of another provider.
-- Expected: no row.
SELECT found.finding, found.event_id, found.booking_id
  FROM query_to_xml(
           CASE WHEN to_regclass('public.external_calendar_events') IS NULL THEN $$
               SELECT 'the table external_calendar_events does not exist' AS finding
           $$ WHEN NOT EXISTS (
               SELECT FROM pg_catalog.pg_attribute
                WHERE attrelid = to_regclass('public.external_calendar_events') AND attname = 'booking_id' AND NOT attisdropped
           ) THEN $$
               SELECT 'the column external_calendar_events.booking_id does not exist' AS finding
           $$ ELSE $$
               SELECT CASE WHEN b.id IS NULL THEN 'the booking does not exist' ELSE 'the booking is another provider''s' END AS finding,
                      e.id AS event_id,
                      e.booking_id
                 FROM public.external_calendar_events AS e
                 LEFT JOIN public.bookings AS b ON b.id = e.booking_id
                WHERE e.booking_id IS NOT NULL
                  AND b.provider_id IS DISTINCT FROM e.provider_id
                ORDER BY e.booking_id, e.id
           $$ END, false, false, '') AS answer
 CROSS JOIN LATERAL XMLTABLE('/table/row' PASSING answer
           COLUMNS finding text, event_id text, booking_id text) AS found;

-- @section post-events-without-connection
-- Events of a provider that has no connection to the calendar service they came from.
-- Informational: a connection may have been taken away since, and its events stay until they are cleaned up.
SELECT found.finding, found.provider_id, found.calendar_provider, found.row_count
  FROM query_to_xml(
           CASE WHEN to_regclass('public.external_calendar_events') IS NULL
                  OR to_regclass('public.external_calendar_connections') IS NULL THEN $$
               SELECT 'a calendar table does not exist' AS finding
           $$ ELSE $$
               SELECT 'events without a connection' AS finding,
                      e.provider_id,
                      regexp_replace(to_json(e.calendar_provider)::text, '[\uFFFE\uFFFF]', '?', 'g') AS calendar_provider,
                      count(*) AS row_count
                 FROM public.external_calendar_events AS e
                WHERE NOT EXISTS (
                          SELECT FROM public.external_calendar_connections AS c
                           WHERE c.provider_id = e.provider_id AND c.provider = e.calendar_provider
                      )
                GROUP BY e.provider_id, e.calendar_provider
                ORDER BY e.provider_id, e.calendar_provider
           $$ END, false, false, '') AS answer
 CROSS JOIN LATERAL XMLTABLE('/table/row' PASSING answer
           COLUMNS finding text, provider_id text, calendar_provider text, row_count text) AS found;

-- @section post-uniqueness-constraint
-- The uniqueness constraint is missing, has another definition, or is not alone.
-- Expected: no row.
SELECT wrong.finding, wrong.definition
  FROM (
        SELECT 'external_calendar_events_provider_source_external_id_key is ' || CASE WHEN con.oid IS NULL THEN 'missing' ELSE 'wrong' END AS finding,
               pg_get_constraintdef(con.oid) AS definition
          FROM (VALUES ('external_calendar_events_provider_source_external_id_key')) AS expected (constraint_name)
          LEFT JOIN pg_catalog.pg_constraint AS con
            ON con.conrelid = to_regclass('public.external_calendar_events')
           AND con.conname = expected.constraint_name
         WHERE pg_get_constraintdef(con.oid) IS DISTINCT FROM 'UNIQUE (provider_id, calendar_provider, external_event_id)'
         UNION ALL
        SELECT 'another key for the identity of an event', pg_get_indexdef(idx.indexrelid)
          FROM pg_catalog.pg_index AS idx
          JOIN pg_catalog.pg_class AS index_class ON index_class.oid = idx.indexrelid
         WHERE idx.indrelid = to_regclass('public.external_calendar_events')
           AND idx.indisunique
           AND index_class.relname <> 'external_calendar_events_provider_source_external_id_key'
           AND EXISTS (
                   SELECT FROM pg_catalog.pg_attribute AS att
                    WHERE att.attrelid = idx.indrelid
                      AND att.attnum = ANY (idx.indkey::smallint[])
                      AND att.attname = 'external_event_id'
               )
       ) AS wrong
 ORDER BY wrong.finding;

-- @section post-required-indexes
-- A required index is missing, invalid, on another table, or unique where it should not be (and the other way round).
-- Expected: no row.
SELECT required.index_name,
       CASE WHEN idx.indexrelid IS NULL THEN 'missing'
            WHEN NOT idx.indisvalid OR NOT idx.indisready THEN 'invalid'
            WHEN idx.indisunique THEN 'unique, and should not be'
            ELSE 'not unique, and should be'
       END AS problem
  FROM (VALUES
           ('external_calendar_connections', 'external_calendar_connections_pkey', true),
           ('external_calendar_connections', 'external_calendar_connections_provider_id_provider_key', true),
           ('external_calendar_connections', 'external_calendar_connections_status_idx', false),
           ('external_calendar_connections', 'external_calendar_connections_sync_due_idx', false),
           ('external_calendar_events', 'external_calendar_events_pkey', true),
           ('external_calendar_events', 'external_calendar_events_provider_source_external_id_key', true),
           ('external_calendar_events', 'external_calendar_events_provider_time_idx', false),
           ('external_calendar_events', 'external_calendar_events_end_time_idx', false),
           ('external_calendar_events', 'external_calendar_events_booking_calendar_provider_key', true),
           ('external_calendar_events', 'external_calendar_events_booking_id_idx', false),
           ('external_calendar_events', 'external_calendar_events_sync_status_idx', false)
       ) AS required (table_name, index_name, is_unique)
  LEFT JOIN pg_catalog.pg_index AS idx
    ON idx.indexrelid = to_regclass('public.' || required.index_name)
   AND idx.indrelid = to_regclass('public.' || required.table_name)
 WHERE idx.indexrelid IS NULL
    OR NOT idx.indisvalid
    OR NOT idx.indisready
    OR idx.indisunique <> required.is_unique
 ORDER BY required.index_name;

-- @section post-required-columns
-- A required column is missing, of another type, or nullable where it should not be (and the other way round).
-- Expected: no row.
SELECT required.table_name,
       required.column_name,
       required.data_type || CASE WHEN required.not_null THEN ' not null' ELSE '' END AS expected,
       coalesce(format_type(att.atttypid, att.atttypmod) || CASE WHEN att.attnotnull THEN ' not null' ELSE '' END, 'missing') AS found
  FROM (VALUES
           ('external_calendar_connections', 'id', 'uuid', true),
           ('external_calendar_connections', 'provider_id', 'bigint', true),
           ('external_calendar_connections', 'provider', 'text', true),
           ('external_calendar_connections', 'external_account_id', 'text', false),
           ('external_calendar_connections', 'external_calendar_id', 'text', false),
           ('external_calendar_connections', 'access_token', 'text', false),
           ('external_calendar_connections', 'refresh_token', 'text', false),
           ('external_calendar_connections', 'token_expires_at', 'timestamp with time zone', false),
           ('external_calendar_connections', 'scopes', 'text[]', true),
           ('external_calendar_connections', 'status', 'text', true),
           ('external_calendar_connections', 'created_at', 'timestamp with time zone', true),
           ('external_calendar_connections', 'updated_at', 'timestamp with time zone', true),
           ('external_calendar_connections', 'sync_cursor', 'text', false),
           ('external_calendar_connections', 'sync_token', 'text', false),
           ('external_calendar_connections', 'last_synced_at', 'timestamp with time zone', false),
           ('external_calendar_connections', 'error_count', 'integer', true),
           ('external_calendar_connections', 'last_error', 'text', false),
           ('external_calendar_connections', 'backoff_until', 'timestamp with time zone', false),
           ('external_calendar_events', 'id', 'uuid', true),
           ('external_calendar_events', 'provider_id', 'bigint', true),
           ('external_calendar_events', 'calendar_provider', 'text', true),
           ('external_calendar_events', 'external_event_id', 'text', true),
           ('external_calendar_events', 'external_calendar_id', 'text', false),
           ('external_calendar_events', 'start_time', 'timestamp with time zone', true),
           ('external_calendar_events', 'end_time', 'timestamp with time zone', true),
           ('external_calendar_events', 'is_all_day', 'boolean', true),
           ('external_calendar_events', 'is_busy', 'boolean', true),
           ('external_calendar_events', 'summary', 'text', false),
           ('external_calendar_events', 'etag', 'text', false),
           ('external_calendar_events', 'created_at', 'timestamp with time zone', true),
           ('external_calendar_events', 'updated_at', 'timestamp with time zone', true),
           ('external_calendar_events', 'booking_id', 'bigint', false),
           ('external_calendar_events', 'sync_status', 'text', false),
           ('external_calendar_events', 'last_error', 'text', false)
       ) AS required (table_name, column_name, data_type, not_null)
  LEFT JOIN pg_catalog.pg_attribute AS att
    ON att.attrelid = to_regclass('public.' || required.table_name)
   AND att.attname = required.column_name
   AND att.attnum > 0
   AND NOT att.attisdropped
 WHERE att.attname IS NULL
    OR format_type(att.atttypid, att.atttypmod) <> required.data_type
    OR att.attnotnull <> required.not_null
 ORDER BY required.table_name, required.column_name;

-- @section post-time-order
-- Events that do not end after they start.
-- Expected: no row.
SELECT found.finding, found.event_id, found.start_time, found.end_time
  FROM query_to_xml(
           CASE WHEN to_regclass('public.external_calendar_events') IS NULL THEN $$
               SELECT 'the table external_calendar_events does not exist' AS finding
           $$ ELSE $$
               SELECT 'does not end after it starts' AS finding, id AS event_id,
                      start_time::text AS start_time, end_time::text AS end_time
                 FROM public.external_calendar_events
                WHERE end_time <= start_time
                ORDER BY external_calendar_events.start_time, id
           $$ END, false, false, '') AS answer
 CROSS JOIN LATERAL XMLTABLE('/table/row' PASSING answer
           COLUMNS finding text, event_id text, start_time text, end_time text) AS found;

-- @section post-sync-status
-- Events with a sync_status outside CREATED, UPDATED, CANCELLED and FAILED. None at all is fine: not one of ours.
-- Expected: no row.
SELECT found.finding, found.event_id, found.sync_status
  FROM query_to_xml(
           CASE WHEN to_regclass('public.external_calendar_events') IS NULL THEN $$
               SELECT 'the table external_calendar_events does not exist' AS finding
           $$ WHEN NOT EXISTS (
               SELECT FROM pg_catalog.pg_attribute
                WHERE attrelid = to_regclass('public.external_calendar_events') AND attname = 'sync_status' AND NOT attisdropped
           ) THEN $$
               SELECT 'the column external_calendar_events.sync_status does not exist' AS finding
           $$ ELSE $$
               SELECT 'is none of the four' AS finding, id AS event_id, regexp_replace(to_json(sync_status)::text, '[\uFFFE\uFFFF]', '?', 'g') AS sync_status
                 FROM public.external_calendar_events
                WHERE sync_status NOT IN ('CREATED', 'UPDATED', 'CANCELLED', 'FAILED')
                ORDER BY id
           $$ END, false, false, '') AS answer
 CROSS JOIN LATERAL XMLTABLE('/table/row' PASSING answer
           COLUMNS finding text, event_id text, sync_status text) AS found;

-- =====================================================================================================================
-- Conventions

-- @section conventions-provider-id
-- The column is provider_id everywhere, never vendor_id; both calendar tables have it.
-- Expected: no row.
SELECT named.table_name, named.column_name, named.finding
  FROM (
        SELECT format('%I.%I', nsp.nspname, cls.relname) AS table_name, att.attname::text AS column_name, 'should be provider_id' AS finding
          FROM pg_catalog.pg_attribute AS att
          JOIN pg_catalog.pg_class AS cls ON cls.oid = att.attrelid
          JOIN pg_catalog.pg_namespace AS nsp ON nsp.oid = cls.relnamespace
         WHERE cls.relkind IN ('r', 'p', 'f', 'v', 'm')
           AND nsp.nspname !~ '^pg_'
           AND nsp.nspname <> 'information_schema'
           AND att.attnum > 0
           AND NOT att.attisdropped
           AND att.attname ~* '^vendor_?id$'
         UNION ALL
        SELECT 'public.' || expected.table_name, 'provider_id', 'missing'
          FROM (VALUES ('external_calendar_connections'), ('external_calendar_events')) AS expected (table_name)
         WHERE NOT EXISTS (
                   SELECT FROM pg_catalog.pg_attribute AS att
                    WHERE att.attrelid = to_regclass('public.' || expected.table_name)
                      AND att.attname = 'provider_id'
                      AND NOT att.attisdropped
               )
       ) AS named
 ORDER BY named.table_name, named.column_name;

-- @section conventions-no-parallel-tables
-- The two calendar tables are there, and no other table or view looks as if it were for the same purpose.
-- Expected: exactly the two.
SELECT format('%I.%I', nsp.nspname, cls.relname) AS table_name
  FROM pg_catalog.pg_class AS cls
  JOIN pg_catalog.pg_namespace AS nsp ON nsp.oid = cls.relnamespace
 WHERE cls.relkind IN ('r', 'p', 'f', 'v', 'm')
   AND nsp.nspname !~ '^pg_'
   AND nsp.nspname <> 'information_schema'
   AND (cls.relname ~* '(calendar|ical|caldav).*(connection|account|event|sync|token|integration)'
        OR cls.relname ~* '(busy_(interval|time|slot)|external_event|outbound_sync|sync_(state|cursor))')
 ORDER BY 1;

-- @section conventions-no-cut-names
-- Names of 63 bytes: the server cuts longer ones to that length and says so only in a notice.
-- Expected: no row. A row names an object that was probably meant to be called something else.
SELECT named.object_kind, named.object_name
  FROM (
        SELECT 'relation' AS object_kind, cls.relname::text AS object_name, cls.relnamespace AS namespace FROM pg_catalog.pg_class AS cls
         UNION ALL
        SELECT 'constraint', con.conname::text, con.connamespace FROM pg_catalog.pg_constraint AS con
         UNION ALL
        SELECT 'function', pro.proname::text, pro.pronamespace FROM pg_catalog.pg_proc AS pro
         UNION ALL
        SELECT 'trigger', trg.tgname::text, cls.relnamespace
          FROM pg_catalog.pg_trigger AS trg
          JOIN pg_catalog.pg_class AS cls ON cls.oid = trg.tgrelid
       ) AS named
 WHERE named.namespace = to_regnamespace('public')
   AND octet_length(named.object_name) >= 63
 ORDER BY named.object_kind, named.object_name;

-- @section conventions-plain-text-tokens
-- The columns that hold tokens, and how: plain text, as long as encryption is deferred.
-- Informational: this is the accepted risk that the sign-off names.
SELECT cls.relname::text AS table_name, att.attname::text AS column_name, format_type(att.atttypid, att.atttypmod) AS data_type
  FROM pg_catalog.pg_attribute AS att
  JOIN pg_catalog.pg_class AS cls ON cls.oid = att.attrelid
 WHERE cls.oid = to_regclass('public.external_calendar_connections')
   AND att.attname ~ '(access|refresh)_token$'
   AND NOT att.attisdropped
 ORDER BY att.attnum;
