//! Who the server is, in one query.

use super::{Backend, DbError, Ears, RowLimits, Wanted};
use crate::session::{Circumstances, Identity};

const IDENTITY: &str = "
    SELECT (SELECT system_identifier FROM pg_catalog.pg_control_system()),
           d.datname,
           d.oid,
           pg_catalog.current_setting('server_version'),
           CASE pg_catalog.family(pg_catalog.inet_server_addr())
             WHEN 4 THEN pg_catalog.host(pg_catalog.inet_server_addr())
             ELSE '[' || pg_catalog.host(pg_catalog.inet_server_addr()) || ']'
           END || ':' || pg_catalog.inet_server_port(),
           current_user,
           pg_catalog.pg_is_in_recovery(),
           pg_catalog.current_setting('default_transaction_read_only') = 'on',
           pg_catalog.pg_postmaster_start_time(),
           (extract(epoch FROM pg_catalog.clock_timestamp()) * 1000000)::bigint,
           (SELECT timeline_id FROM pg_catalog.pg_control_checkpoint()),
           pg_catalog.concat_ws(' ', (SELECT pg_catalog.string_agg(name, ' ' ORDER BY name) FROM pg_catalog.pg_settings
                                       WHERE name IN ('fsync', 'full_page_writes') AND setting = 'off')),
           pg_catalog.concat_ws('; ',
             (SELECT pg_catalog.string_agg('the role ' || rolname || ' of a managed service', '; ' ORDER BY rolname)
                FROM pg_catalog.pg_roles
               WHERE rolname IN ('rds_superuser', 'rdsadmin', 'cloudsqlsuperuser', 'cloudsqladmin', 'azure_pg_admin',
                                 'azuresu', 'alloydbsuperuser', 'neon_superuser')),
             (SELECT pg_catalog.string_agg('the setting ' || name || ' of a managed service', '; ' ORDER BY name)
                FROM pg_catalog.unnest('{rds.extensions,rds.superuser_variables,rds.rds_superuser_reserved_connections,
                       cloudsql.iam_authentication,cloudsql.logical_decoding,azure.extensions,
                       azure.accepted_password_auth_method,neon.tenant_id,neon.timeline_id,
                       alloydb.iam_authentication}'::text[]) AS name
               WHERE pg_catalog.current_setting(name, true) IS NOT NULL),
             CASE WHEN pg_catalog.current_setting('archive_mode') <> 'off' THEN 'archive_mode is on' END,
             (SELECT pg_catalog.count(*) || ' standby servers follow it' FROM pg_catalog.pg_stat_replication AS r
               WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_replication_slots AS s
                                  WHERE s.active_pid = r.pid AND s.slot_type = 'logical')
              HAVING pg_catalog.count(*) > 0),
             (SELECT pg_catalog.count(subname) || ' subscriptions feed it' FROM pg_catalog.pg_subscription
              HAVING pg_catalog.count(subname) > 0),
             (SELECT 'clients from elsewhere: ' || pg_catalog.string_agg(DISTINCT pg_catalog.host(client_addr), ', ')
                FROM pg_catalog.pg_stat_activity
               WHERE NOT client_addr <<= ANY ('{127.0.0.0/8,::1,10.0.0.0/8,172.16.0.0/12,192.168.0.0/16,fc00::/7,fe80::/10}')))
      FROM pg_catalog.pg_database AS d
     WHERE d.datname = pg_catalog.current_database()";

const CIRCUMSTANCES: &str = "
    SELECT pg_catalog.pg_database_size(pg_catalog.current_database()),
           extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_postmaster_start_time())::bigint,
           others.all_of_them,
           others.unseen,
           (SELECT pg_catalog.string_agg(s.srvname || ' (' || w.fdwname || ')', E'\n' ORDER BY s.srvname)
              FROM pg_catalog.pg_foreign_server AS s JOIN pg_catalog.pg_foreign_data_wrapper AS w ON w.oid = s.srvfdw),
           (SELECT pg_catalog.string_agg(extname, E'\n' ORDER BY extname) FROM pg_catalog.pg_extension
             WHERE extname IN ('dblink', 'http', 'pgsql-http', 'pg_net', 'pg_cron', 'pg_timetable', 'pgagent'))
      FROM (SELECT pg_catalog.count(*) FILTER (WHERE client_port IS NOT NULL OR hidden) AS all_of_them,
                   pg_catalog.count(*) FILTER (WHERE hidden) AS unseen
              FROM (SELECT client_port, query = '<insufficient privilege>' AND datid IS NOT NULL AS hidden
                      FROM pg_catalog.pg_stat_activity WHERE pid <> pg_catalog.pg_backend_pid()) AS session) AS others";

impl Backend {
    /// How the server and the database are used.
    ///
    /// # Errors
    /// As [`Backend::rows`].
    pub async fn circumstances(&mut self) -> Result<Circumstances, DbError> {
        let wanted = Wanted {
            rows: RowLimits { rows_max: 1, cell_bytes_max: 4096, bytes_max: usize::MAX },
            ..Wanted::default()
        };
        let answer = self.query(CIRCUMSTANCES, wanted, &mut Ears::deaf()).await?;
        let cells = answer.rows.into_iter().next().unwrap_or_default();
        let unusable = || DbError::Unusable("the server does not say how it is used".to_owned());
        let text = |at: usize| cells.get(at).cloned().flatten();
        let number = |at: usize| text(at).and_then(|text| text.parse::<u64>().ok()).ok_or_else(unusable);
        let names = |at: usize| text(at).unwrap_or_default().lines().map(str::to_owned).collect();
        Ok(Circumstances {
            size_bytes: number(0)?,
            up_s: number(1)?,
            sessions: number(2)?,
            unseen: number(3)?,
            foreign_servers: names(4),
            extensions: names(5),
        })
    }

    /// Who the server is and who is connected.
    ///
    /// # Errors
    /// As [`Backend::rows`].
    pub async fn identity(&mut self) -> Result<Identity, DbError> {
        let wanted = Wanted { rows: RowLimits::one(4096), ..Wanted::default() };
        let answer = self.query(IDENTITY, wanted, &mut Ears::deaf()).await?;
        let mut cells = answer.rows.into_iter().next().unwrap_or_default().into_iter();
        let mut next = || cells.next().flatten();
        let unusable = || DbError::Unusable("the server does not say who it is".to_owned());
        Ok(Identity {
            system_identifier: next().ok_or_else(unusable)?,
            database: next().ok_or_else(unusable)?,
            database_oid: next().ok_or_else(unusable)?,
            version: next().ok_or_else(unusable)?,
            address: next().unwrap_or_else(|| self.server.clone()),
            user: next().ok_or_else(unusable)?,
            in_recovery: next().as_deref() != Some("f"),
            read_only: next().as_deref() != Some("f"),
            started: next().ok_or_else(unusable)?,
            server_time_us: next().and_then(|time| time.parse().ok()).ok_or_else(unusable)?,
            timeline: next().ok_or_else(unusable)?,
            unsafe_settings: next().unwrap_or_default().split_whitespace().map(str::to_owned).collect(),
            signs: next().filter(|signs| !signs.is_empty()),
            circumstances: None,
            near: self.near.clone(),
        })
    }
}
