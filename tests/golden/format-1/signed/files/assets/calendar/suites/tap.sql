-- The few helpers that the suites here need to speak TAP (https://testanything.org). Include it right after BEGIN:
-- everything is made in pg_temp, and the ROLLBACK at the end of a suite takes it away again.
\set ON_ERROR_STOP on
\set QUIET on
\pset format unaligned
\pset tuples_only on
\pset pager off

SET LOCAL client_min_messages = warning;
SET LOCAL timezone = 'UTC';

CREATE TEMPORARY TABLE tap_state (planned integer NOT NULL, done integer NOT NULL, failed integer NOT NULL);

-- How many assertions will follow: "1..N".
CREATE FUNCTION pg_temp.plan(planned integer) RETURNS text LANGUAGE sql AS $tap$
    INSERT INTO pg_temp.tap_state VALUES (planned, 0, 0);
    SELECT '1..' || planned;
$tap$;

-- The assertion that all others rest on. Null is not true.
CREATE FUNCTION pg_temp.ok(passed boolean, description text, diagnostics text DEFAULT NULL) RETURNS text LANGUAGE plpgsql AS $tap$
DECLARE
    number integer;
BEGIN
    passed := coalesce(passed, false);
    UPDATE pg_temp.tap_state SET done = done + 1, failed = failed + (NOT passed)::integer RETURNING done INTO number;
    RETURN CASE WHEN passed THEN '' ELSE 'not ' END || format('ok %s - %s', number, description)
        || CASE WHEN passed OR diagnostics IS NULL THEN '' ELSE E'\n# ' || replace(diagnostics, E'\n', E'\n# ') END;
END;
$tap$;

-- Two texts are the same (null is the same as null). Anything else is cast to text by the caller.
CREATE FUNCTION pg_temp.same(got text, want text, description text) RETURNS text LANGUAGE sql AS $tap$
    SELECT pg_temp.ok(got IS NOT DISTINCT FROM want, description,
                      format(E'got:  %s\nwant: %s', coalesce(got, '(null)'), coalesce(want, '(null)')));
$tap$;

-- The statement is accepted; what it did stays until the suite's ROLLBACK.
CREATE FUNCTION pg_temp.accepts(statement text, description text) RETURNS text LANGUAGE plpgsql AS $tap$
BEGIN
    EXECUTE statement;
    RETURN pg_temp.ok(true, description);
EXCEPTION WHEN OTHERS THEN
    RETURN pg_temp.ok(false, description, format(E'refused: %s %s', SQLSTATE, SQLERRM));
END;
$tap$;

-- The statement is refused with this SQLSTATE and by this constraint.
CREATE FUNCTION pg_temp.refuses(statement text, want_state text, want_constraint text, description text) RETURNS text LANGUAGE plpgsql AS $tap$
DECLARE
    got_state text;
    got_constraint text;
BEGIN
    BEGIN
        EXECUTE statement;
    EXCEPTION WHEN OTHERS THEN
        GET STACKED DIAGNOSTICS got_state = RETURNED_SQLSTATE, got_constraint = CONSTRAINT_NAME;
    END;
    RETURN pg_temp.ok(got_state IS NOT DISTINCT FROM want_state AND got_constraint IS NOT DISTINCT FROM want_constraint, description,
                      format(E'got:  %s\nwant: %s', coalesce(got_state || ' by ' || got_constraint, 'accepted'), want_state || ' by ' || want_constraint));
END;
$tap$;

-- Last of all. A suite that failed ends with an error, so that psql's exit status says so too.
CREATE FUNCTION pg_temp.finish() RETURNS SETOF text LANGUAGE plpgsql AS $tap$
DECLARE
    state record;
BEGIN
    SELECT * INTO STRICT state FROM pg_temp.tap_state;
    IF state.failed > 0 OR state.done <> state.planned THEN
        RAISE EXCEPTION '% of % assertions failed, % were planned', state.failed, state.done, state.planned;
    END IF;
END;
$tap$;
