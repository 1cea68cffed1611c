-- Calendar migrations: negative checks
--
-- Each section is a few statements of which the last must be refused, by the constraint that its comment names. The ones
-- before it must be accepted: they show that it is the last one's fault. A statement that is let through is a failure.
--
-- Each section is meant to be run in a savepoint that is rolled back whatever happens; none of them opens or ends a
-- transaction itself. The file as a whole is one transaction that ends with ROLLBACK, so that running it by hand leaves
-- nothing behind either. psql then has to keep that transaction usable after each refusal:
--     psql -X -v ON_ERROR_ROLLBACK=on -f docs/ops/calendar_migration_negative_checks.sql
-- (Without it the first refusal ends the show: the rest is answered with "current transaction is aborted".)
BEGIN;

-- @section negative-duplicate-event
-- The same event identity twice. Refused: 23505, external_calendar_events_provider_source_external_id_key.
INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time)
VALUES ((SELECT min(id) FROM public.providers), 'google', 'negative-check-duplicate',
        timestamptz '2026-02-02 09:00:00+00', timestamptz '2026-02-02 10:00:00+00');

INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time)
VALUES ((SELECT min(id) FROM public.providers), 'google', 'negative-check-duplicate',
        timestamptz '2026-02-03 14:00:00+00', timestamptz '2026-02-03 15:00:00+00');

-- @section negative-duplicate-connection
-- A second connection of one provider to one calendar service. Refused: 23505, external_calendar_connections_provider_id_provider_key.
INSERT INTO public.external_calendar_connections (provider_id, provider)
VALUES ((SELECT min(id) FROM public.providers), 'negative-check');

INSERT INTO public.external_calendar_connections (provider_id, provider)
VALUES ((SELECT min(id) FROM public.providers), 'negative-check');

-- @section negative-time-order
-- An event that ends when it starts. Refused: 23514, external_calendar_events_time_order_check.
INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time)
VALUES ((SELECT min(id) FROM public.providers), 'google', 'negative-check-time-order',
        timestamptz '2026-02-02 10:00:00+00', timestamptz '2026-02-02 10:00:00+00');

-- @section negative-unknown-provider
-- An event of a provider that does not exist. Refused: 23503, external_calendar_events_provider_id_fkey.
INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time)
VALUES (-1, 'google', 'negative-check-unknown-provider',
        timestamptz '2026-02-02 09:00:00+00', timestamptz '2026-02-02 10:00:00+00');

-- @section negative-duplicate-booking-mapping
-- One booking sent twice to one calendar service, as two events. Refused: 23505, external_calendar_events_booking_calendar_provider_key.
INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time, booking_id, sync_status)
SELECT provider_id, 'negative-check', 'negative-check-mapping-1', starts_at, ends_at, id, 'CREATED'
  FROM public.bookings
 ORDER BY id
 LIMIT 1;

INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time, booking_id, sync_status)
SELECT provider_id, 'negative-check', 'negative-check-mapping-2', starts_at, ends_at, id, 'CREATED'
  FROM public.bookings
 ORDER BY id
 LIMIT 1;

-- @section negative-unknown-booking
-- An event for a booking that does not exist. Refused: 23503, external_calendar_events_booking_id_fkey.
INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time, booking_id, sync_status)
VALUES ((SELECT min(id) FROM public.providers), 'google', 'negative-check-unknown-booking',
        timestamptz '2026-02-02 09:00:00+00', timestamptz '2026-02-02 10:00:00+00', -1, 'CREATED');

-- @section negative-sync-status
-- A sync status outside the four. Refused: 23514, external_calendar_events_sync_status_check.
INSERT INTO public.external_calendar_events (provider_id, calendar_provider, external_event_id, start_time, end_time, sync_status)
VALUES ((SELECT min(id) FROM public.providers), 'google', 'negative-check-sync-status',
        timestamptz '2026-02-02 09:00:00+00', timestamptz '2026-02-02 10:00:00+00', 'PENDING');

-- @section end-of-file
-- Not a check: the other half of the BEGIN at the top.
ROLLBACK;
