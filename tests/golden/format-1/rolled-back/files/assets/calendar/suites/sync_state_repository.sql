-- The state of syncing: cursors, errors, and when a connection may be tried again.
--     psql -X -f assets/calendar/suites/sync_state_repository.sql
BEGIN;
\ir tap.sql
\ir fixtures.sql

INSERT INTO public.external_calendar_connections (provider_id, provider, external_account_id, access_token, refresh_token, created_at, updated_at) VALUES
    (900001, 'google',  'one@example.test', 'suite-access', 'suite-refresh', '2026-02-01 00:00:00+00', '2026-02-01 00:00:00+00'),
    (900001, 'outlook', 'one@example.test', 'suite-access', 'suite-refresh', '2026-02-01 00:00:00+00', '2026-02-01 00:00:00+00'),
    (900002, 'google',  'two@example.test', 'suite-access', 'suite-refresh', '2026-02-01 00:00:00+00', '2026-02-01 00:00:00+00');

-- due: active connections that are not backing off at a given time; the one that waited longest first.
CREATE FUNCTION pg_temp.due(at_time timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce(string_agg(provider_id || ' ' || provider, ',' ORDER BY last_synced_at NULLS FIRST, provider_id, provider), 'none')
      FROM public.external_calendar_connections
     WHERE provider_id IN (900001, 900002)
       AND status = 'ACTIVE'
       AND (backoff_until IS NULL OR backoff_until <= at_time);
$$;

-- failed: count it, say why, and wait twice as long each time, an hour at most.
CREATE FUNCTION pg_temp.failed(for_provider bigint, source text, at_time timestamptz, why text) RETURNS void LANGUAGE sql AS $$
    UPDATE public.external_calendar_connections
       SET error_count = error_count + 1,
           last_error = why,
           backoff_until = at_time + least(interval '1 hour', make_interval(mins => (2 ^ error_count)::integer))
     WHERE provider_id = for_provider AND provider = source;
$$;

SELECT pg_temp.plan(13);

SELECT pg_temp.same(
    (SELECT concat_ws(' ', status, error_count, coalesce(sync_cursor, '-'), coalesce(sync_token, '-'), coalesce(last_synced_at::text, '-'), coalesce(last_error, '-'), coalesce(backoff_until::text, '-'))
       FROM public.external_calendar_connections WHERE provider_id = 900002),
    'ACTIVE 0 - - - - -', 'a new connection has never been synced and has no errors');
SELECT pg_temp.same(pg_temp.due('2026-03-02 09:00:00+00'), '900001 google,900001 outlook,900002 google', 'every new connection is due');

UPDATE public.external_calendar_connections
   SET sync_cursor = 'page-2', sync_token = 'token-1', last_synced_at = '2026-03-02 09:00:00+00'
 WHERE provider_id = 900001 AND provider = 'google';
SELECT pg_temp.same(
    (SELECT sync_cursor || ' ' || sync_token || ' ' || last_synced_at FROM public.external_calendar_connections WHERE provider_id = 900001 AND provider = 'google'),
    'page-2 token-1 2026-03-02 09:00:00+00', 'the cursor and the token are kept as given');
SELECT pg_temp.ok(
    (SELECT updated_at = now() AND created_at = '2026-02-01 00:00:00+00' FROM public.external_calendar_connections WHERE provider_id = 900001 AND provider = 'google'),
    'updated_at moves with the update, created_at does not');
SELECT pg_temp.same(
    (SELECT updated_at FROM public.external_calendar_connections WHERE provider_id = 900002)::text,
    '2026-02-01 00:00:00+00', 'other connections are not touched');
SELECT pg_temp.same(pg_temp.due('2026-03-02 09:05:00+00'), '900001 outlook,900002 google,900001 google', 'never synced comes before synced');

SELECT pg_temp.failed(900002, 'google', '2026-03-02 09:00:00+00', 'rate limited') \g /dev/null
SELECT pg_temp.failed(900002, 'google', '2026-03-02 09:01:00+00', 'rate limited; again') \g /dev/null
SELECT pg_temp.same(
    (SELECT error_count || ' ' || last_error || ' ' || backoff_until FROM public.external_calendar_connections WHERE provider_id = 900002),
    '2 rate limited; again 2026-03-02 09:03:00+00', 'a second failure waits twice as long as the first');
SELECT pg_temp.same(
    pg_temp.due('2026-03-02 09:02:59+00') || ' | ' || pg_temp.due('2026-03-02 09:03:00+00'),
    '900001 outlook,900001 google | 900001 outlook,900002 google,900001 google', 'a connection that backs off is due again when its time has come');

UPDATE public.external_calendar_connections
   SET sync_token = 'token-2', last_synced_at = '2026-03-02 09:04:00+00', error_count = 0, last_error = NULL, backoff_until = NULL
 WHERE provider_id = 900002;
SELECT pg_temp.same(
    (SELECT concat_ws(' ', error_count, coalesce(last_error, '-'), coalesce(backoff_until::text, '-'), sync_token) FROM public.external_calendar_connections WHERE provider_id = 900002),
    '0 - - token-2', 'a success clears the errors');

UPDATE public.external_calendar_connections SET status = 'REVOKED' WHERE provider_id = 900001 AND provider = 'outlook';
SELECT pg_temp.same(pg_temp.due('2026-03-02 10:00:00+00'), '900001 google,900002 google', 'a revoked connection is never due');

SELECT pg_temp.refuses($$
    INSERT INTO public.external_calendar_connections (provider_id, provider) VALUES (900001, 'google')
$$, '23505', 'external_calendar_connections_provider_id_provider_key', 'a second connection to the same calendar service is refused');
SELECT pg_temp.refuses($$
    UPDATE public.external_calendar_connections SET status = 'BROKEN' WHERE provider_id = 900002
$$, '23514', 'external_calendar_connections_status_check', 'an unknown status is refused');
SELECT pg_temp.refuses($$
    UPDATE public.external_calendar_connections SET error_count = NULL WHERE provider_id = 900002
$$, '23502', '', 'the error count is always a number');

SELECT pg_temp.finish();
ROLLBACK;
