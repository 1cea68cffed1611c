-- Outbound sync: a booking in the outside calendar, at most once in each calendar service.
--     psql -X -f assets/calendar/suites/outbound_sync.sql
BEGIN;
\ir tap.sql
\ir fixtures.sql

-- The write the sender does after each attempt: one row for a booking and a calendar service, whatever happened before.
CREATE FUNCTION pg_temp.sent(booking bigint, source text, event_id text, result text, why text DEFAULT NULL) RETURNS void LANGUAGE sql AS $$
    INSERT INTO public.external_calendar_events AS known
           (provider_id, calendar_provider, external_event_id, start_time, end_time, booking_id, sync_status, last_error, created_at, updated_at)
    SELECT b.provider_id, source, event_id, b.starts_at, b.ends_at, b.id, result, why, '2026-02-01 00:00:00+00', '2026-02-01 00:00:00+00'
      FROM public.bookings AS b
     WHERE b.id = booking
        ON CONFLICT (booking_id, calendar_provider) WHERE booking_id IS NOT NULL DO UPDATE
       SET start_time = excluded.start_time, end_time = excluded.end_time, sync_status = excluded.sync_status, last_error = excluded.last_error;
$$;

SELECT pg_temp.plan(13);

SELECT pg_temp.sent(900001, 'google', 'g-1', 'CREATED') \g /dev/null
SELECT pg_temp.same(
    (SELECT concat_ws(' ', external_event_id, sync_status, coalesce(last_error, '-'), start_time) FROM public.external_calendar_events WHERE booking_id = 900001),
    'g-1 CREATED - 2026-03-02 09:00:00+00', 'a booking that was sent has its event');

SELECT pg_temp.accepts($$ SELECT pg_temp.sent(900001, 'outlook', 'o-1', 'CREATED') $$, 'it may be sent to another calendar service too');
SELECT pg_temp.refuses($$
    INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time, booking_id, sync_status)
    VALUES (900001, 'google', 'g-2', '2026-03-02 09:00:00+00', '2026-03-02 10:00:00+00', 900001, 'CREATED')
$$, '23505', 'external_calendar_events_booking_calendar_provider_key', 'but not to the same one as a second event');
SELECT pg_temp.accepts($$
    INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time)
    SELECT 900001, 'google', 'incoming-' || n, '2026-03-02 17:00:00+00', '2026-03-02 18:00:00+00' FROM generate_series(1, 3) AS n
$$, 'events that are not ours have no booking, as many as there are');

UPDATE public.bookings SET starts_at = starts_at + interval '30 minutes', ends_at = ends_at + interval '30 minutes' WHERE id = 900001;
SELECT pg_temp.sent(900001, 'google', 'g-1', 'UPDATED') \g /dev/null
SELECT pg_temp.same(
    (SELECT string_agg(concat_ws(' ', calendar_provider, sync_status, start_time, updated_at = now()), ', ' ORDER BY calendar_provider) FROM public.external_calendar_events WHERE booking_id = 900001),
    'google UPDATED 2026-03-02 09:30:00+00 t, outlook CREATED 2026-03-02 09:00:00+00 f', 'a moved booking updates the event where it was sent again, and updated_at with it');

SELECT pg_temp.sent(900002, 'google', 'g-3', 'FAILED', 'quota; try later') \g /dev/null
SELECT pg_temp.same(
    (SELECT string_agg(booking_id || ' ' || last_error, ',') FROM public.external_calendar_events WHERE sync_status = 'FAILED' AND provider_id = 900001),
    '900002 quota; try later', 'what failed is found with its reason');
SELECT pg_temp.sent(900002, 'google', 'g-3', 'CREATED') \g /dev/null
SELECT pg_temp.same(
    (SELECT concat_ws(' ', sync_status, coalesce(last_error, '-')) FROM public.external_calendar_events WHERE booking_id = 900002),
    'CREATED -', 'a retry that works clears it');
SELECT pg_temp.accepts($$ SELECT pg_temp.sent(900002, 'google', 'g-3', 'CANCELLED') $$, 'a cancelled booking is marked, not deleted');

SELECT pg_temp.refuses($$
    UPDATE public.external_calendar_events SET sync_status = 'PENDING' WHERE booking_id = 900002
$$, '23514', 'external_calendar_events_sync_status_check', 'a fifth status is refused');
SELECT pg_temp.refuses($$
    UPDATE public.external_calendar_events SET sync_status = 'created' WHERE booking_id = 900002
$$, '23514', 'external_calendar_events_sync_status_check', 'so is one in small letters');
SELECT pg_temp.refuses($$
    UPDATE public.external_calendar_events SET booking_id = 900099 WHERE booking_id = 900002
$$, '23503', 'external_calendar_events_booking_id_fkey', 'a booking that does not exist is refused');

DELETE FROM public.bookings WHERE id = 900001;
SELECT pg_temp.same(
    (SELECT string_agg(concat_ws(' ', external_event_id, sync_status, coalesce(booking_id::text, 'no booking')), ', ' ORDER BY external_event_id) FROM public.external_calendar_events WHERE external_event_id IN ('g-1', 'o-1') AND provider_id = 900001),
    'g-1 UPDATED no booking, o-1 CREATED no booking', 'a deleted booking leaves its events without a link, so that they can be taken back outside');
SELECT pg_temp.accepts($$ DELETE FROM public.bookings WHERE id = 900003 $$, 'a booking that was never sent is deleted as before');

SELECT pg_temp.finish();
ROLLBACK;
