-- The booking database as it is before the calendar migrations: does migration 0 keep slots from overlapping?
--     psql -X -f assets/calendar/suites/baseline.sql
BEGIN;
\ir tap.sql
\ir fixtures.sql

SELECT pg_temp.plan(12);

SELECT pg_temp.accepts($$
    INSERT INTO public.booking_slots (id, provider_id, booking_id, starts_at, ends_at, status)
    VALUES (900001, 900001, 900001, '2026-03-02 09:00:00+00', '2026-03-02 10:00:00+00', 'BOOKED')
$$, 'a slot in free time is accepted');

SELECT pg_temp.refuses($$
    INSERT INTO public.booking_slots (id, provider_id, starts_at, ends_at)
    VALUES (900002, 900001, '2026-03-02 09:59:00+00', '2026-03-02 10:30:00+00')
$$, '23P01', 'booking_slots_no_overlap', 'a slot that overlaps by a minute is refused');

SELECT pg_temp.accepts($$
    INSERT INTO public.booking_slots (id, provider_id, starts_at, ends_at)
    VALUES (900003, 900001, '2026-03-02 10:00:00+00', '2026-03-02 10:30:00+00')
$$, 'a slot that starts when the other ends is accepted');

SELECT pg_temp.refuses($$
    INSERT INTO public.booking_slots (id, provider_id, starts_at, ends_at)
    VALUES (900004, 900001, '2026-03-02 18:30:00+09', '2026-03-02 19:00:00+09')
$$, '23P01', 'booking_slots_no_overlap', 'the same moment written in Tokyo time is refused');

SELECT pg_temp.accepts($$
    INSERT INTO public.booking_slots (id, provider_id, starts_at, ends_at)
    VALUES (900005, 900001, '2026-03-02 09:00:00+01', '2026-03-02 10:00:00+01')
$$, 'the same wall clock in Berlin is an hour earlier, adjacent, and accepted');

SET LOCAL timezone = 'America/New_York';
SELECT pg_temp.refuses($$
    INSERT INTO public.booking_slots (id, provider_id, starts_at, ends_at)
    VALUES (900006, 900001, '2026-03-02 04:15:00', '2026-03-02 04:45:00')
$$, '23P01', 'booking_slots_no_overlap', 'the session''s time zone makes no difference');
SET LOCAL timezone = 'UTC';

SELECT pg_temp.accepts($$
    INSERT INTO public.booking_slots (id, provider_id, starts_at, ends_at)
    VALUES (900007, 900002, '2026-03-02 09:00:00+00', '2026-03-02 10:00:00+00')
$$, 'another provider may have the same time');

SELECT pg_temp.accepts($$
    INSERT INTO public.booking_slots (id, provider_id, booking_id, starts_at, ends_at, status)
    VALUES (900008, 900001, 900001, '2026-03-02 09:30:00+00', '2026-03-02 10:30:00+00', 'RELEASED')
$$, 'a released slot takes up no time');

SELECT pg_temp.refuses($$
    UPDATE public.booking_slots SET status = 'HELD' WHERE id = 900008
$$, '23P01', 'booking_slots_no_overlap', 'a released slot cannot come back into taken time');

SELECT pg_temp.refuses($$
    INSERT INTO public.booking_slots (id, provider_id, booking_id, starts_at, ends_at, status)
    VALUES (900009, 900002, 900002, '2026-03-02 12:00:00+00', '2026-03-02 13:00:00+00', 'BOOKED')
$$, '23514', 'booking_slots_provider_matches_booking', 'a slot cannot carry another provider''s booking');

SELECT pg_temp.same(
    (SELECT string_agg(slot_id::text, ',' ORDER BY slot_id) FROM public.find_slot_conflicts(900001, '2026-03-02 09:30:00+00', '2026-03-02 10:15:00+00')),
    '900001,900003', 'the conflict search names the slots that are in the way');

SELECT pg_temp.same(
    public.slot_minutes('2026-03-29 00:30:00+00', '2026-03-29 02:00:00+00')::text,
    '90', 'minutes are counted right over a change to summer time');

SELECT pg_temp.finish();
ROLLBACK;
