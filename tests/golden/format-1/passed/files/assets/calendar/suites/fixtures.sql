-- Two providers with a few bookings, shared by the suites. The ids are given, so that no sequence moves: a sequence would
-- not come back with the ROLLBACK.
INSERT INTO public.providers (id, slug, display_name, time_zone) VALUES
    (900001, 'suite-one', 'Suite One', 'Europe/Berlin'),
    (900002, 'suite-two', 'Suite Two', 'America/New_York');

INSERT INTO public.services (id, provider_id, title, duration_minutes, price_cents) VALUES
    (900001, 900001, 'First visit', 60, 9000),
    (900002, 900002, 'First visit', 60, 9000);

INSERT INTO public.customers (id, email, full_name) VALUES
    (900001, 'suite@example.test', 'Suite Customer');

INSERT INTO public.bookings (id, provider_id, service_id, customer_id, starts_at, ends_at, status) VALUES
    (900001, 900001, 900001, 900001, '2026-03-02 09:00:00+00', '2026-03-02 10:00:00+00', 'CONFIRMED'),
    (900002, 900001, 900001, 900001, '2026-03-02 12:00:00+00', '2026-03-02 13:00:00+00', 'CONFIRMED'),
    (900003, 900001, 900001, 900001, '2026-03-02 15:00:00+00', '2026-03-02 16:00:00+00', 'CANCELLED'),
    (900004, 900002, 900002, 900001, '2026-03-02 09:00:00+00', '2026-03-02 10:00:00+00', 'CONFIRMED');
