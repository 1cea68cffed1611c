-- Everything user-made in this database that pg_dump sees, one row an object: its name and its definition as text.
-- Read-only. Needs search_path = pg_catalog: then every name in a definition is written with its schema.
-- Left out: system schemas, members of extensions, and the bookkeeping in schemas ceremony and supabase_migrations.
-- No definition holds an oid, so that dropping an object and making it again in the same shape changes nothing.
WITH
member AS MATERIALIZED (
    SELECT classid, objid FROM pg_depend WHERE deptype = 'e'
),
space AS MATERIALIZED (
    SELECT oid, nspname, nspowner, nspacl, quote_ident(nspname) AS name
    FROM pg_namespace
    WHERE nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast', 'ceremony', 'supabase_migrations')
      AND nspname !~ '^pg_(toast_)?temp_'
),
rel AS MATERIALIZED (
    SELECT c.*, space.name || '.' || quote_ident(c.relname) AS name,
           CASE c.relpersistence WHEN 'u' THEN 'unlogged' WHEN 't' THEN 'temporary' END AS persistence,
           (SELECT 'options ' || string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(c.reloptions) o) AS options,
           (SELECT 'tablespace ' || quote_ident(spcname) FROM pg_tablespace WHERE oid = c.reltablespace) AS place,
           (SELECT string_agg('inherits ' || p.oid::regclass::text, ', ' ORDER BY i.inhseqno)
            FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent WHERE i.inhrelid = c.oid) AS parents,
           'owner ' || pg_get_userbyid(c.relowner) AS owner,
           (SELECT 'acl ' || string_agg(a::text, ' ' ORDER BY a::text COLLATE "C")
            FROM unnest(coalesce(c.relacl,
                acldefault(CASE c.relkind WHEN 'S' THEN 's'::"char" ELSE 'r'::"char" END, c.relowner))) a) AS acl
    FROM pg_class c
    JOIN space ON space.oid = c.relnamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_class'::regclass AND m.objid = c.oid)
),
object (classid, objid, objsubid, object, definition) AS (
    SELECT 'pg_namespace'::regclass, s.oid, 0, 'schema ' || s.name,
           concat_ws('; ', 'owner ' || pg_get_userbyid(s.nspowner),
               (SELECT 'acl ' || string_agg(a::text, ' ' ORDER BY a::text COLLATE "C")
                FROM unnest(coalesce(s.nspacl, acldefault('n', s.nspowner))) a))
    FROM space s
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_namespace'::regclass AND m.objid = s.oid)
UNION ALL
    SELECT 'pg_extension'::regclass, e.oid, 0, 'extension ' || quote_ident(e.extname),
           format('version %s; schema %I', e.extversion, n.nspname)
    FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace
UNION ALL
    SELECT 'pg_class'::regclass, r.oid, 0, 'table ' || r.name,
           concat_ws('; ',
               CASE r.relkind WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned by ' || pg_get_partkeydef(r.oid)
                              ELSE 'foreign table' END,
               r.persistence, r.parents, pg_get_expr(r.relpartbound, r.oid), 'of ' || nullif(r.reloftype, 0)::regtype::text,
               (SELECT 'using ' || quote_ident(amname) FROM pg_am WHERE oid = r.relam), r.options,
               (SELECT 'toast options ' || string_agg(o, ', ' ORDER BY o COLLATE "C")
                FROM pg_class t, unnest(t.reloptions) o WHERE t.oid = r.reltoastrelid),
               r.place,
               CASE WHEN r.relrowsecurity THEN 'row security enabled' END,
               CASE WHEN r.relforcerowsecurity THEN 'row security forced' END,
               CASE r.relreplident WHEN 'n' THEN 'replica identity nothing' WHEN 'f' THEN 'replica identity full'
                                   WHEN 'i' THEN 'replica identity index' END,
               (SELECT format('server %I; server options %s', s.srvname,
                       (SELECT string_agg(o, ', ' ORDER BY o COLLATE "C") FROM unnest(f.ftoptions) o))
                FROM pg_foreign_table f JOIN pg_foreign_server s ON s.oid = f.ftserver WHERE f.ftrelid = r.oid),
               r.owner, r.acl)
    FROM rel r WHERE r.relkind IN ('r', 'p', 'f')
UNION ALL
    SELECT NULL, NULL, 0, 'column order ' || r.name,
           coalesce((SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum)
                     FROM pg_attribute WHERE attrelid = r.oid AND attnum > 0 AND NOT attisdropped), '')
    FROM rel r WHERE r.relkind IN ('r', 'p', 'f')
UNION ALL
    SELECT 'pg_class'::regclass, r.oid, a.attnum, format('column %s.%I', r.name, a.attname),
           concat_ws('; ', format_type(a.atttypid, a.atttypmod),
               CASE WHEN a.attcollation <> t.typcollation THEN 'collation ' || a.attcollation::regcollation::text END,
               CASE WHEN a.attnotnull THEN 'not null' END,
               CASE a.attidentity WHEN 'a' THEN 'identity always' WHEN 'd' THEN 'identity by default' END,
               CASE a.attgenerated WHEN '' THEN 'default ' ELSE 'generated ' || a.attgenerated::text || ' ' END
                   || pg_get_expr(d.adbin, d.adrelid),
               CASE WHEN a.attstorage <> t.typstorage THEN 'storage ' || a.attstorage::text END,
               'compression ' || nullif(a.attcompression, '')::text,
               CASE WHEN coalesce(a.attstattarget::int, -1) >= 0 THEN 'statistics ' || a.attstattarget END,
               (SELECT 'options ' || string_agg(o, ', ' ORDER BY o COLLATE "C")
                FROM unnest(coalesce(a.attoptions, '{}') || coalesce(a.attfdwoptions, '{}')) o),
               CASE WHEN NOT a.attislocal THEN 'inherited' END,
               (SELECT 'acl ' || string_agg(x::text, ' ' ORDER BY x::text COLLATE "C") FROM unnest(a.attacl) x))
    FROM rel r
    JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_type t ON t.oid = a.atttypid
    LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
    WHERE r.relkind IN ('r', 'p', 'f', 'v', 'm')
UNION ALL
    SELECT 'pg_constraint'::regclass, c.oid, 0, format('constraint %s.%I', r.name, c.conname),
           concat_ws('; ', pg_get_constraintdef(c.oid),
               CASE WHEN NOT c.convalidated THEN 'not validated' END,
               CASE WHEN NOT c.conislocal THEN 'inherited' END,
               (SELECT 'triggers ' || string_agg(DISTINCT g.tgenabled::text, '')
                FROM pg_trigger g WHERE g.tgconstraint = c.oid AND g.tgisinternal AND g.tgenabled <> 'O'))
    -- From version 18 on NOT NULL is a constraint too: it is said of its column, unless it is less than that.
    FROM rel r JOIN pg_constraint c ON c.conrelid = r.oid AND c.contype <> 't'
        AND NOT (c.contype = 'n' AND c.convalidated AND NOT c.connoinherit)
UNION ALL
    SELECT 'pg_constraint'::regclass, c.oid, 0, format('constraint %s.%I.%I', s.name, t.typname, c.conname),
           concat_ws('; ', pg_get_constraintdef(c.oid), CASE WHEN NOT c.convalidated THEN 'not validated' END)
    FROM pg_constraint c JOIN pg_type t ON t.oid = c.contypid JOIN space s ON s.oid = t.typnamespace
    WHERE c.contype <> 'n'
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
UNION ALL
    SELECT 'pg_class'::regclass, r.oid, 0, 'index ' || r.name,
           concat_ws('; ', pg_get_indexdef(r.oid), r.parents, r.place,
               CASE WHEN NOT i.indisvalid THEN 'invalid' END,
               CASE WHEN NOT i.indisready THEN 'not ready' END,
               CASE WHEN i.indisclustered THEN 'clustered' END,
               CASE WHEN i.indisreplident THEN 'replica identity' END,
               (SELECT 'for constraint ' || string_agg(quote_ident(conname), ', ' ORDER BY conname COLLATE "C")
                FROM pg_constraint WHERE conindid = r.oid AND conrelid = i.indrelid AND contype IN ('p', 'u', 'x')),
               (SELECT 'statistics ' || string_agg(attnum || '=' || attstattarget, ', ' ORDER BY attnum)
                FROM pg_attribute WHERE attrelid = r.oid AND coalesce(attstattarget::int, -1) >= 0))
    FROM rel r JOIN pg_index i ON i.indexrelid = r.oid
UNION ALL
    SELECT 'pg_trigger'::regclass, g.oid, 0, format('trigger %s.%I', r.name, g.tgname),
           concat_ws('; ', pg_get_triggerdef(g.oid),
               CASE g.tgenabled WHEN 'D' THEN 'disabled' WHEN 'R' THEN 'enabled replica' WHEN 'A' THEN 'enabled always' END,
               CASE WHEN g.tgparentid <> 0 THEN 'inherited' END)
    FROM rel r JOIN pg_trigger g ON g.tgrelid = r.oid AND NOT g.tgisinternal
UNION ALL
    SELECT 'pg_policy'::regclass, p.oid, 0, format('policy %s.%I', r.name, p.polname),
           concat_ws('; ', CASE WHEN p.polpermissive THEN 'permissive' ELSE 'restrictive' END,
               'for ' || CASE p.polcmd WHEN 'r' THEN 'select' WHEN 'a' THEN 'insert' WHEN 'w' THEN 'update'
                                       WHEN 'd' THEN 'delete' ELSE 'all' END,
               'to ' || (SELECT string_agg(n, ', ' ORDER BY n COLLATE "C")
                         FROM (SELECT CASE o WHEN 0 THEN 'public' ELSE pg_get_userbyid(o)::text END
                               FROM unnest(p.polroles) o) roles (n)),
               'using ' || pg_get_expr(p.polqual, p.polrelid),
               'with check ' || pg_get_expr(p.polwithcheck, p.polrelid))
    FROM rel r JOIN pg_policy p ON p.polrelid = r.oid
UNION ALL
    SELECT 'pg_rewrite'::regclass, w.oid, 0, format('rule %s.%I', r.name, w.rulename),
           concat_ws('; ', pg_get_ruledef(w.oid), CASE WHEN w.ev_enabled <> 'O' THEN 'enabled ' || w.ev_enabled::text END)
    FROM rel r JOIN pg_rewrite w ON w.ev_class = r.oid AND w.rulename <> '_RETURN'
UNION ALL
    SELECT 'pg_class'::regclass, r.oid, 0,
           CASE r.relkind WHEN 'v' THEN 'view ' ELSE 'materialized view ' END || r.name,
           concat_ws('; ', pg_get_viewdef(r.oid), r.persistence, r.options, r.place,
               CASE WHEN NOT r.relispopulated THEN 'not populated' END, r.owner, r.acl)
    FROM rel r WHERE r.relkind IN ('v', 'm')
UNION ALL
    SELECT 'pg_class'::regclass, r.oid, 0, 'sequence ' || r.name,
           concat_ws('; ', format_type(q.seqtypid, NULL),
               format('start %s increment %s min %s max %s cache %s', q.seqstart, q.seqincrement, q.seqmin, q.seqmax,
                      q.seqcache),
               CASE WHEN q.seqcycle THEN 'cycle' END, r.persistence,
               (SELECT format('owned by %s.%I', d.refobjid::regclass, a.attname)
                FROM pg_depend d JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                WHERE d.classid = 'pg_class'::regclass AND d.objid = r.oid AND d.refclassid = 'pg_class'::regclass
                  AND d.deptype IN ('a', 'i') LIMIT 1),
               r.owner, r.acl)
    FROM rel r JOIN pg_sequence q ON q.seqrelid = r.oid
UNION ALL
    SELECT 'pg_proc'::regclass, p.oid, 0,
           format('%s %s.%I(%s)', CASE p.prokind WHEN 'p' THEN 'procedure' WHEN 'a' THEN 'aggregate' ELSE 'function' END,
                  s.name, p.proname, oidvectortypes(p.proargtypes)),
           concat_ws('; ', CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid) END,
               (SELECT format('%s returns %s; kind %s; state %s by %s start %s; final %s; combine %s; serial %s, %s; '
                              'moving %s, %s, %s, %s start %s; sort %s; parallel %s',
                       pg_get_function_arguments(p.oid), pg_get_function_result(p.oid), g.aggkind,
                       format_type(g.aggtranstype, NULL), g.aggtransfn::regprocedure, g.agginitval, g.aggfinalfn,
                       g.aggcombinefn, g.aggserialfn, g.aggdeserialfn, g.aggmtransfn, g.aggminvtransfn, g.aggmfinalfn,
                       format_type(nullif(g.aggmtranstype, 0), NULL), g.aggminitval, g.aggsortop::regoperator,
                       p.proparallel)
                FROM pg_aggregate g WHERE g.aggfnoid = p.oid),
               'owner ' || pg_get_userbyid(p.proowner),
               (SELECT 'acl ' || string_agg(a::text, ' ' ORDER BY a::text COLLATE "C")
                FROM unnest(coalesce(p.proacl, acldefault('f', p.proowner))) a))
    FROM pg_proc p JOIN space s ON s.oid = p.pronamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_proc'::regclass AND m.objid = p.oid)
UNION ALL
    SELECT 'pg_type'::regclass, t.oid, 0,
           format('%s %s.%I', CASE t.typtype WHEN 'd' THEN 'domain' ELSE 'type' END, s.name, t.typname),
           concat_ws('; ', CASE t.typtype WHEN 'e' THEN 'enum' WHEN 'c' THEN 'composite' WHEN 'r' THEN 'range'
                                          WHEN 'd' THEN format_type(t.typbasetype, t.typtypmod) ELSE 'base' END,
               (SELECT string_agg(quote_literal(enumlabel), ', ' ORDER BY enumsortorder)
                FROM pg_enum WHERE enumtypid = t.oid),
               (SELECT string_agg(concat_ws(' ', quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                           CASE WHEN a.attcollation <> b.typcollation
                                THEN 'collation ' || a.attcollation::regcollation::text END), ', ' ORDER BY a.attnum)
                FROM pg_attribute a JOIN pg_type b ON b.oid = a.atttypid
                WHERE a.attrelid = t.typrelid AND a.attnum > 0 AND NOT a.attisdropped),
               (SELECT format('of %s; operator class %I; collation %s; canonical %s; diff %s; multirange %s',
                       format_type(g.rngsubtype, NULL), o.opcname, nullif(g.rngcollation, 0)::regcollation,
                       g.rngcanonical, g.rngsubdiff, to_jsonb(g) ->> 'rngmultitypid' IS NOT NULL)
                FROM pg_range g JOIN pg_opclass o ON o.oid = g.rngsubopc WHERE g.rngtypid = t.oid),
               CASE WHEN t.typtype = 'b' THEN format('in %s; out %s; length %s', t.typinput, t.typoutput, t.typlen) END,
               CASE WHEN t.typtype = 'd' AND t.typcollation <> b.typcollation
                    THEN 'collation ' || t.typcollation::regcollation::text END,
               CASE WHEN t.typnotnull THEN 'not null' END, 'default ' || t.typdefault,
               'owner ' || pg_get_userbyid(t.typowner),
               (SELECT 'acl ' || string_agg(a::text, ' ' ORDER BY a::text COLLATE "C")
                FROM unnest(coalesce(t.typacl, acldefault('T', t.typowner))) a))
    FROM pg_type t
    JOIN space s ON s.oid = t.typnamespace
    LEFT JOIN pg_type b ON b.oid = t.typbasetype
    LEFT JOIN pg_class c ON c.oid = t.typrelid
    WHERE (t.typtype IN ('e', 'd', 'r') OR (t.typtype = 'c' AND c.relkind = 'c')
           OR (t.typtype = 'b' AND t.typcategory <> 'A'))
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_type'::regclass AND m.objid = t.oid)
UNION ALL
    SELECT 'pg_statistic_ext'::regclass, x.oid, 0, format('statistics %s.%I', s.name, x.stxname),
           concat_ws('; ', pg_get_statisticsobjdef(x.oid),
               CASE WHEN coalesce(x.stxstattarget::int, -1) >= 0 THEN 'statistics ' || x.stxstattarget END,
               'owner ' || pg_get_userbyid(x.stxowner))
    FROM pg_statistic_ext x JOIN space s ON s.oid = x.stxnamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_statistic_ext'::regclass AND m.objid = x.oid)
UNION ALL
    SELECT 'pg_event_trigger'::regclass, e.oid, 0, 'event trigger ' || quote_ident(e.evtname),
           concat_ws('; ', 'on ' || e.evtevent, 'tags ' || array_to_string(e.evttags, ', '),
               'execute ' || e.evtfoid::regprocedure::text,
               CASE WHEN e.evtenabled <> 'O' THEN 'enabled ' || e.evtenabled::text END,
               'owner ' || pg_get_userbyid(e.evtowner))
    FROM pg_event_trigger e
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_event_trigger'::regclass AND m.objid = e.oid)
UNION ALL
    SELECT 'pg_cast'::regclass, c.oid, 0,
           format('cast (%s as %s)', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)),
           format('by %s; method %s; context %s', nullif(c.castfunc, 0)::regprocedure, c.castmethod, c.castcontext)
    FROM pg_cast c
    WHERE c.oid >= 16384
      AND NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_cast'::regclass AND m.objid = c.oid)
UNION ALL
    SELECT 'pg_operator'::regclass, o.oid, 0,
           format('operator %s.%s(%s, %s)', s.name, o.oprname, format_type(nullif(o.oprleft, 0), NULL),
                  format_type(nullif(o.oprright, 0), NULL)),
           concat_ws('; ', format_type(o.oprresult, NULL), o.oprcode::regprocedure, o.oprcom::regoperator,
               o.oprnegate::regoperator, o.oprrest, o.oprjoin, o.oprcanhash, o.oprcanmerge,
               'owner ' || pg_get_userbyid(o.oprowner))
    FROM pg_operator o JOIN space s ON s.oid = o.oprnamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_operator'::regclass AND m.objid = o.oid)
UNION ALL
    SELECT 'pg_collation'::regclass, c.oid, 0, format('collation %s.%I', s.name, c.collname),
           (to_jsonb(c) - 'oid' - 'collnamespace' - 'collname' - 'collowner' - 'collversion')::text
               || '; owner ' || pg_get_userbyid(c.collowner)
    FROM pg_collation c JOIN space s ON s.oid = c.collnamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_collation'::regclass AND m.objid = c.oid)
UNION ALL
    SELECT 'pg_ts_config'::regclass, c.oid, 0, format('text search configuration %s.%I', s.name, c.cfgname),
           concat_ws('; ',
               (SELECT string_agg(format('%s: %s', m.maptokentype, m.mapdict::regdictionary), ', '
                                  ORDER BY m.maptokentype, m.mapseqno) FROM pg_ts_config_map m WHERE m.mapcfg = c.oid),
               'owner ' || pg_get_userbyid(c.cfgowner))
    FROM pg_ts_config c JOIN space s ON s.oid = c.cfgnamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_ts_config'::regclass AND m.objid = c.oid)
UNION ALL
    SELECT 'pg_ts_dict'::regclass, d.oid, 0, format('text search dictionary %s.%I', s.name, d.dictname),
           concat_ws('; ', (SELECT tmplname FROM pg_ts_template WHERE oid = d.dicttemplate), d.dictinitoption,
               'owner ' || pg_get_userbyid(d.dictowner))
    FROM pg_ts_dict d JOIN space s ON s.oid = d.dictnamespace
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_ts_dict'::regclass AND m.objid = d.oid)
UNION ALL
    SELECT 'pg_foreign_data_wrapper'::regclass, w.oid, 0, 'foreign data wrapper ' || quote_ident(w.fdwname),
           concat_ws('; ', nullif(w.fdwhandler, 0)::regprocedure, nullif(w.fdwvalidator, 0)::regprocedure,
               array_to_string(w.fdwoptions, ', '), 'owner ' || pg_get_userbyid(w.fdwowner), w.fdwacl::text)
    FROM pg_foreign_data_wrapper w
    WHERE NOT EXISTS (SELECT FROM member m WHERE m.classid = 'pg_foreign_data_wrapper'::regclass AND m.objid = w.oid)
UNION ALL
    SELECT 'pg_foreign_server'::regclass, s.oid, 0, 'server ' || quote_ident(s.srvname),
           concat_ws('; ', 'wrapper ' || quote_ident(w.fdwname), s.srvtype, s.srvversion,
               array_to_string(s.srvoptions, ', '), 'owner ' || pg_get_userbyid(s.srvowner), s.srvacl::text)
    FROM pg_foreign_server s JOIN pg_foreign_data_wrapper w ON w.oid = s.srvfdw
UNION ALL
    -- Options of a user mapping hold passwords: only their digest leaves the server.
    SELECT NULL, NULL, 0, format('user mapping for %I on %I', u.usename, u.srvname),
           encode(sha256(convert_to(coalesce(array_to_string(u.umoptions, ', '), ''), 'UTF8')), 'hex')
    FROM pg_user_mappings u
UNION ALL
    SELECT 'pg_publication'::regclass, p.oid, 0, 'publication ' || quote_ident(p.pubname),
           concat_ws('; ', (to_jsonb(p) - 'oid' - 'pubname' - 'pubowner')::text,
               'owner ' || pg_get_userbyid(p.pubowner),
               (SELECT string_agg((to_jsonb(t) - 'pubname')::text, ', ' ORDER BY t.schemaname, t.tablename)
                FROM pg_publication_tables t WHERE t.pubname = p.pubname AND NOT p.puballtables))
    FROM pg_publication p
UNION ALL
    SELECT 'pg_default_acl'::regclass, d.oid, 0,
           format('default privileges of %I%s on %s', pg_get_userbyid(d.defaclrole), ' in ' || n.name,
                  CASE d.defaclobjtype WHEN 'r' THEN 'tables' WHEN 'S' THEN 'sequences' WHEN 'f' THEN 'functions'
                                       WHEN 'T' THEN 'types' WHEN 'n' THEN 'schemas' ELSE d.defaclobjtype::text END),
           (SELECT string_agg(a::text, ' ' ORDER BY a::text COLLATE "C") FROM unnest(d.defaclacl) a)
    FROM pg_default_acl d LEFT JOIN space n ON n.oid = d.defaclnamespace
    WHERE d.defaclnamespace = 0 OR n.oid IS NOT NULL
)
SELECT object,
       -- Some would fill the memory of whoever reads them.
       CASE WHEN octet_length(definition) > 65536
            THEN format('%s... (of %s bytes, sha256 %s)', left(definition, 4096), octet_length(definition),
                        encode(sha256(convert_to(definition, 'UTF8')), 'hex'))
            ELSE coalesce(definition, '') END AS definition,
       coalesce(id, '') AS id
FROM (
    SELECT object, definition, classid::oid || '/' || objid || '/' || objsubid AS id FROM object
  UNION ALL
    SELECT 'comment on ' || o.object, d.description, NULL
    FROM object o
    JOIN pg_description d ON d.classoid = o.classid AND d.objoid = o.objid AND d.objsubid = o.objsubid
) AS everything
ORDER BY object COLLATE "C"
