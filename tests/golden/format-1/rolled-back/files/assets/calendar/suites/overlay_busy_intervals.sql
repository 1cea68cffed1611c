-- Overlaying busy times: a provider's free time is the working day less bookings less what the outside calendars say.
--     psql -X -f assets/calendar/suites/overlay_busy_intervals.sql
BEGIN;
\ir tap.sql
\ir fixtures.sql

-- Everything that takes up a provider's time in a window: bookings that stand, and outside events that are busy. A booking
-- that was sent out comes back as an event; it is the same time and must not be counted as two.
CREATE FUNCTION pg_temp.busy(for_provider bigint, in_window tstzrange) RETURNS tstzmultirange LANGUAGE sql AS $$
    SELECT coalesce(range_agg(taken.during * in_window), '{}')
      FROM (
            SELECT tstzrange(starts_at, ends_at) FROM public.bookings
             WHERE provider_id = for_provider AND status <> 'CANCELLED'
             UNION ALL
            SELECT tstzrange(start_time, end_time) FROM public.external_calendar_events
             WHERE provider_id = for_provider AND is_busy
           ) AS taken (during)
     WHERE taken.during && in_window;
$$;

-- The hours of busy or free time, as text that is easy to compare: "09:00-10:00 12:00-13:00".
CREATE FUNCTION pg_temp.hours(times tstzmultirange) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(to_char(lower(part), 'HH24:MI') || '-' || to_char(upper(part), 'HH24:MI'), ' ' ORDER BY part), 'none')
      FROM unnest(times) AS part;
$$;

\set day 'tstzrange(\'2026-03-02 08:00:00+00\', \'2026-03-02 18:00:00+00\')'

SELECT pg_temp.plan(10);

SELECT pg_temp.same(pg_temp.hours(pg_temp.busy(900001, :day)), '09:00-10:00 12:00-13:00', 'without events, bookings alone are busy, cancelled ones are not');

INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time, is_busy) VALUES
    (900001, 'google', 'adjacent', '2026-03-02 10:00:00+00', '2026-03-02 10:30:00+00', true),
    (900001, 'google', 'free',     '2026-03-02 14:00:00+00', '2026-03-02 15:00:00+00', false);
SELECT pg_temp.same(pg_temp.hours(pg_temp.busy(900001, :day)), '09:00-10:30 12:00-13:00', 'an adjacent event joins on; a free one does not count');
SELECT pg_temp.same(
    (SELECT count(*) FROM public.bookings AS b JOIN public.external_calendar_events AS e
         ON e.provider_id = b.provider_id AND tstzrange(e.start_time, e.end_time) && tstzrange(b.starts_at, b.ends_at) WHERE b.provider_id = 900001)::text,
    '0', 'and is not in conflict with the booking that it touches');

INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time) VALUES
    (900001, 'google', 'new-york', '2026-03-02 07:30:00-05', '2026-03-02 08:30:00-05');
SELECT pg_temp.same(pg_temp.hours(pg_temp.busy(900001, :day)), '09:00-10:30 12:00-13:30', 'an event in New York time overlaps the booking it overlaps');
SELECT pg_temp.same(
    (SELECT string_agg(b.id || ' ' || e.external_event_id, ',') FROM public.bookings AS b JOIN public.external_calendar_events AS e
         ON e.provider_id = b.provider_id AND tstzrange(e.start_time, e.end_time) && tstzrange(b.starts_at, b.ends_at) WHERE b.provider_id = 900001),
    '900002 new-york', 'and is the one conflict there is');
SELECT pg_temp.same(pg_temp.hours(pg_temp.busy(900002, :day)), '09:00-10:00', 'another provider''s day is as it was');

INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time, booking_id, sync_status) VALUES
    (900001, 'google', 'our-own', '2026-03-02 09:00:00+00', '2026-03-02 10:00:00+00', 900001, 'CREATED');
SELECT pg_temp.same(pg_temp.hours(pg_temp.busy(900001, :day)), '09:00-10:30 12:00-13:30', 'a booking that comes back as an event takes no more time');

INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time) VALUES
    (900001, 'outlook', 'over-the-edge', '2026-03-02 17:00:00+00', '2026-03-02 20:00:00+00');
SELECT pg_temp.same(
    pg_temp.hours(tstzmultirange(:day) - pg_temp.busy(900001, :day)),
    '08:00-09:00 10:30-12:00 13:30-17:00', 'free time is the rest of the day');

SELECT pg_temp.same(
    pg_temp.hours(pg_temp.busy(900001, tstzrange('2026-03-02 10:30:00+00', '2026-03-02 12:00:00+00'))),
    'none', 'a window between two busy times is free to both its edges');

INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time, is_all_day)
SELECT id, 'google', 'holiday', timestamp '2026-03-02' AT TIME ZONE time_zone, timestamp '2026-03-03' AT TIME ZONE time_zone, true
  FROM public.providers WHERE id = 900002;
SELECT pg_temp.same(
    pg_temp.hours(pg_temp.busy(900002, tstzrange('2026-03-02 00:00:00+00', '2026-03-04 00:00:00+00'))),
    '05:00-05:00', 'an all-day event covers the day of the provider''s own time zone, from five to five in UTC');

SELECT pg_temp.finish();
ROLLBACK;
