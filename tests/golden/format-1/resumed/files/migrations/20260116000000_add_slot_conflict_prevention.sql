-- Slot conflict prevention: one provider cannot be in two places at once.
--
-- starts_at and ends_at are timestamptz, so the range must be a tstzrange: a tsrange over them would need a cast that
-- depends on the session's time zone, which an index cannot use ("functions in index expression must be marked
-- IMMUTABLE"). A tstzrange compares instants: 09:00 in Berlin and 08:00 in London in January are one moment.
--
-- No extension is needed: the equality on provider_id is written as the overlap of two one-element ranges, which the
-- built-in GiST operator class for ranges understands. btree_gist would do the same for "provider_id WITH =".

-- Who is in the way? Called by the booking form before it writes, so that it can name the other slot; the constraint
-- below is what decides. The inner text is a string of its own, hence the second pair of dollar quotes.
CREATE OR REPLACE FUNCTION public.find_slot_conflicts(wanted_provider_id bigint, wanted_start timestamptz, wanted_end timestamptz)
RETURNS TABLE (slot_id bigint, starts_at timestamptz, ends_at timestamptz)
LANGUAGE plpgsql
STABLE
SET search_path = ''
AS $function$
BEGIN
    IF wanted_end <= wanted_start THEN
        RAISE EXCEPTION 'a slot must end after it starts; got % to %', wanted_start, wanted_end
            USING ERRCODE = 'check_violation', HINT = 'Swap the two; or ask for a slot that isn''t empty.';
    END IF;

    RETURN QUERY EXECUTE $query$
        SELECT slot.id, slot.starts_at, slot.ends_at
          FROM public.booking_slots AS slot
         WHERE slot.provider_id = $1
           AND slot.status <> 'RELEASED'
           AND tstzrange(slot.starts_at, slot.ends_at) && tstzrange($2, $3)
         ORDER BY slot.starts_at;
    $query$ USING wanted_provider_id, wanted_start, wanted_end;
END;
$function$;

-- The length of a slot in minutes. A body in standard SQL has no quotes around it at all, only BEGIN ATOMIC … END.
CREATE OR REPLACE FUNCTION public.slot_minutes(from_time timestamptz, to_time timestamptz)
RETURNS integer
LANGUAGE sql
IMMUTABLE
BEGIN ATOMIC
    SELECT (extract(epoch FROM to_time - from_time) / 60)::integer;
END;

-- The constraint itself. '[)' is the default of tstzrange: a slot that starts when another ends does not overlap it.
-- A released slot no longer takes up time. There is no IF NOT EXISTS for constraints, so the catalog is asked first.
DO $guard$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_constraint
         WHERE conrelid = 'public.booking_slots'::regclass
           AND conname = 'booking_slots_no_overlap'
    ) THEN
        EXECUTE $ddl$
            ALTER TABLE public.booking_slots
                ADD CONSTRAINT booking_slots_no_overlap
                EXCLUDE USING gist (
                    int8range(provider_id, provider_id, '[]') WITH &&,
                    tstzrange(starts_at, ends_at) WITH &&
                ) WHERE (status <> 'RELEASED');
        $ddl$;
    END IF;
END;
$guard$;

-- A slot that carries a booking belongs to the booking's provider; otherwise the constraint above guards the wrong diary.
CREATE OR REPLACE FUNCTION public.check_slot_provider()
RETURNS trigger
LANGUAGE plpgsql
SET search_path = ''
AS $function$
DECLARE
    booked_provider_id bigint;
BEGIN
    SELECT booking.provider_id INTO booked_provider_id
      FROM public.bookings AS booking
     WHERE booking.id = NEW.booking_id;

    IF booked_provider_id IS DISTINCT FROM NEW.provider_id THEN
        RAISE EXCEPTION 'slot of provider % cannot carry booking % of provider %;', NEW.provider_id, NEW.booking_id, booked_provider_id
            USING ERRCODE = 'check_violation', CONSTRAINT = 'booking_slots_provider_matches_booking';
    END IF;

    RETURN NEW;
END;
$function$;

DO $guard$
BEGIN
    IF NOT EXISTS (
        SELECT FROM pg_catalog.pg_trigger
         WHERE tgrelid = 'public.booking_slots'::regclass
           AND tgname = 'booking_slots_provider_matches_booking'
    ) THEN
        CREATE TRIGGER booking_slots_provider_matches_booking
            BEFORE INSERT OR UPDATE OF provider_id, booking_id ON public.booking_slots
            FOR EACH ROW WHEN (NEW.booking_id IS NOT NULL)
            EXECUTE FUNCTION public.check_slot_provider();
    END IF;
END;
$guard$;
