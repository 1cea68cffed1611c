-- Rows for the rollback drill, on its copy only: what a rollback deletes must be there before it can be shown to come back.
-- Values that a careless copy would change are among them: quotes, commas, line breaks, an empty text beside a NULL.
BEGIN;

INSERT INTO public.external_calendar_connections (provider_id, provider, external_account_id, scopes)
SELECT id, 'google', 'drill@example.test', ARRAY['calendar.read', 'calendar, "write"']
  FROM public.providers
    ON CONFLICT DO NOTHING;

INSERT INTO public.external_calendar_events
       (provider_id, calendar_provider, external_event_id, start_time, end_time, is_busy, summary, etag, booking_id, sync_status)
SELECT provider_id, 'google', 'drill-booking-' || id, starts_at, ends_at, true,
       E'Booking "' || id || E'",\nsecond line', '', id, 'CREATED'
  FROM public.bookings;

INSERT INTO public.external_calendar_events
       (provider_id, calendar_provider, external_event_id, start_time, end_time, is_all_day, summary)
SELECT id, 'outlook', 'drill-day-' || id, '2026-03-29 00:00:00+01', '2026-03-30 00:00:00.000001+02', true, NULL
  FROM public.providers;

COMMIT;
