-- The store of busy times: find, replace, clean up.
--     psql -X -f assets/calendar/suites/busy_interval_repository.sql
BEGIN;
\ir tap.sql
\ir fixtures.sql

-- find: the busy events of a provider that touch a window, in order of time.
CREATE FUNCTION pg_temp.find_busy(for_provider bigint, window_start timestamptz, window_end timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(external_event_id, ',' ORDER BY start_time, external_event_id), 'none')
      FROM public.external_calendar_events
     WHERE provider_id = for_provider
       AND is_busy
       AND start_time < window_end
       AND end_time > window_start;
$$;

INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time, is_busy) VALUES
    (900001, 'google',  'early',     '2026-03-02 07:00:00+00', '2026-03-02 08:00:00+00', true),
    (900001, 'google',  'reaches-in','2026-03-02 07:30:00+00', '2026-03-02 08:30:00+00', true),
    (900001, 'outlook', 'inside',    '2026-03-02 09:00:00+00', '2026-03-02 10:00:00+00', true),
    (900001, 'google',  'free',      '2026-03-02 10:00:00+00', '2026-03-02 11:00:00+00', false),
    (900001, 'google',  'around',    '2026-03-01 00:00:00+00', '2026-03-04 00:00:00+00', true),
    (900001, 'google',  'late',      '2026-03-02 12:00:00+00', '2026-03-02 13:00:00+00', true),
    (900002, 'google',  'inside',    '2026-03-02 09:00:00+00', '2026-03-02 10:00:00+00', true);

SELECT pg_temp.plan(10);

SELECT pg_temp.same(pg_temp.find_busy(900001, '2026-03-02 08:00:00+00', '2026-03-02 12:00:00+00'),
    'around,reaches-in,inside', 'finds what touches the window, in order, and not what only meets its edges');
SELECT pg_temp.same(pg_temp.find_busy(900002, '2026-03-02 08:00:00+00', '2026-03-02 12:00:00+00'), 'inside', 'finds one provider''s events only');
SELECT pg_temp.same(pg_temp.find_busy(900001, '2026-04-01 00:00:00+00', '2026-04-02 00:00:00+00'), 'none', 'finds nothing where nothing is');
SELECT pg_temp.same(
    (SELECT string_agg(calendar_provider || '=' || n, ' ' ORDER BY calendar_provider)
       FROM (SELECT calendar_provider, count(*) AS n FROM public.external_calendar_events WHERE provider_id = 900001 GROUP BY calendar_provider) AS counted),
    'google=5 outlook=1', 'counts by calendar service');

-- replace: one calendar's events in a window, as one unit.
DELETE FROM public.external_calendar_events
 WHERE provider_id = 900001 AND calendar_provider = 'google' AND start_time >= '2026-03-02' AND start_time < '2026-03-03';
INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time) VALUES
    (900001, 'google', 'late', '2026-03-02 11:30:00+00', '2026-03-02 12:30:00+00'),
    (900001, 'google', 'new',  '2026-03-02 16:00:00+00', '2026-03-02 17:00:00+00');
SELECT pg_temp.same(pg_temp.find_busy(900001, '2026-03-02 00:00:00+00', '2026-03-03 00:00:00+00'),
    'around,inside,late,new', 'replaces one calendar''s window and leaves the other calendar and other days');

SELECT pg_temp.refuses($$
    INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time)
    VALUES (900001, 'google', 'new', '2026-03-05 09:00:00+00', '2026-03-05 10:00:00+00')
$$, '23505', 'external_calendar_events_provider_source_external_id_key', 'refuses an event it already has');
SELECT pg_temp.refuses($$
    INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time)
    VALUES (900003, 'google', 'nobody', '2026-03-05 09:00:00+00', '2026-03-05 10:00:00+00')
$$, '23503', 'external_calendar_events_provider_id_fkey', 'refuses an event of nobody');
SELECT pg_temp.refuses($$
    UPDATE public.external_calendar_events SET end_time = start_time WHERE provider_id = 900001 AND external_event_id = 'new'
$$, '23514', 'external_calendar_events_time_order_check', 'refuses to make an event empty');

-- clean up: events that were over before a given time.
DELETE FROM public.external_calendar_events WHERE provider_id IN (900001, 900002) AND end_time < '2026-03-02 12:00:00+00';
SELECT pg_temp.same(
    (SELECT string_agg(provider_id || ' ' || external_event_id, ',' ORDER BY provider_id, external_event_id) FROM public.external_calendar_events WHERE provider_id IN (900001, 900002)),
    '900001 around,900001 late,900001 new', 'cleans up what is over and nothing else');

-- A provider takes its events along, once its bookings are gone.
DELETE FROM public.bookings WHERE provider_id = 900001;
DELETE FROM public.providers WHERE id = 900001;
SELECT pg_temp.same((SELECT count(*) FROM public.external_calendar_events WHERE provider_id = 900001)::text, '0', 'a provider that is deleted takes its events along');

SELECT pg_temp.finish();
ROLLBACK;
