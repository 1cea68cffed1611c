-- Ingesting free and busy times: a batch from an outside calendar is written by event identity, so that it can come twice.
--     psql -X -f assets/calendar/suites/ingest_free_busy.sql
BEGIN;
\ir tap.sql
\ir fixtures.sql

-- The write the adapter does: insert, or update what changed. An event whose etag is the same is not touched.
CREATE FUNCTION pg_temp.ingest(for_provider bigint, source text, batch jsonb) RETURNS bigint LANGUAGE sql AS $$
    WITH written AS (
        INSERT INTO public.external_calendar_events AS known
               (provider_id, calendar_provider, external_event_id, start_time, end_time, is_busy, etag, created_at, updated_at)
        SELECT for_provider, source, item ->> 'id', (item ->> 'from')::timestamptz, (item ->> 'to')::timestamptz,
               coalesce((item ->> 'busy')::boolean, true), item ->> 'etag',
               timestamptz '2026-02-01 00:00:00+00', timestamptz '2026-02-01 00:00:00+00'
          FROM jsonb_array_elements(batch) AS item
            ON CONFLICT (provider_id, calendar_provider, external_event_id) DO UPDATE
           SET start_time = excluded.start_time, end_time = excluded.end_time, is_busy = excluded.is_busy, etag = excluded.etag
         WHERE known.etag IS DISTINCT FROM excluded.etag
        RETURNING 1
    )
    SELECT count(*) FROM written;
$$;

SELECT pg_temp.plan(11);

\set first_batch '[{"id":"a","from":"2026-03-02T09:00:00Z","to":"2026-03-02T10:00:00Z","etag":"1"},{"id":"b","from":"2026-03-02T11:00:00Z","to":"2026-03-02T12:00:00Z","etag":"1"},{"id":"c","from":"2026-03-02T13:00:00Z","to":"2026-03-02T14:00:00Z","etag":"1","busy":false}]'
\set moved_batch '[{"id":"a","from":"2026-03-02T09:30:00Z","to":"2026-03-02T10:30:00Z","etag":"2"},{"id":"b","from":"2026-03-02T11:00:00Z","to":"2026-03-02T12:00:00Z","etag":"1"}]'

SELECT pg_temp.same(pg_temp.ingest(900001, 'google', :'first_batch')::text, '3', 'a first batch is written whole');
SELECT id AS id_before FROM public.external_calendar_events WHERE provider_id = 900001 AND external_event_id = 'a' \gset
SELECT pg_temp.same(pg_temp.ingest(900001, 'google', :'first_batch')::text, '0', 'the same batch again writes nothing');
SELECT pg_temp.same(
    (SELECT count(*) FROM public.external_calendar_events WHERE provider_id = 900001)::text,
    '3', 'and no event is there twice');

SELECT pg_temp.same(pg_temp.ingest(900001, 'google', :'moved_batch')::text, '1', 'of a batch with one moved event, one is written');
SELECT pg_temp.same(
    (SELECT id || ' ' || start_time || ' ' || end_time FROM public.external_calendar_events WHERE provider_id = 900001 AND external_event_id = 'a'),
    :'id_before' || ' 2026-03-02 09:30:00+00 2026-03-02 10:30:00+00', 'the moved event keeps its row and has its new times');
SELECT pg_temp.same(
    (SELECT string_agg(external_event_id || ':' || (updated_at = now()), ' ' ORDER BY external_event_id) FROM public.external_calendar_events WHERE provider_id = 900001),
    'a:true b:false c:false', 'updated_at moves for the changed event only');

SELECT pg_temp.same(pg_temp.ingest(900001, 'outlook', :'first_batch')::text, '3', 'the same ids from another calendar service are other events');
SELECT pg_temp.same(pg_temp.ingest(900002, 'google', :'first_batch')::text, '3', 'the same ids of another provider are other events');
SELECT pg_temp.same(
    (SELECT string_agg(DISTINCT external_event_id, ',') FROM public.external_calendar_events WHERE provider_id = 900001 AND is_busy),
    'a,b', 'a free event is kept and does not count as busy');

-- Events that the service no longer has are everything not in the batch.
DELETE FROM public.external_calendar_events
 WHERE provider_id = 900001
   AND calendar_provider = 'google'
   AND external_event_id <> ALL (ARRAY(SELECT item ->> 'id' FROM jsonb_array_elements(:'moved_batch'::jsonb) AS item));
SELECT pg_temp.same(
    (SELECT string_agg(calendar_provider || external_event_id, ',' ORDER BY calendar_provider, external_event_id) FROM public.external_calendar_events WHERE provider_id = 900001),
    'googlea,googleb,outlooka,outlookb,outlookc', 'what is not in a full batch goes, in that calendar only');

SELECT pg_temp.refuses($$
    SELECT pg_temp.ingest(900001, 'google', '[{"id":"d","from":"2026-03-02T10:00:00Z","to":"2026-03-02T09:00:00Z"}]')
$$, '23514', 'external_calendar_events_time_order_check', 'an event that ends before it starts is refused');

SELECT pg_temp.finish();
ROLLBACK;
