//! The server that a fake world has.

use crate::session::Identity;

/// The identity of the fake server.
pub fn identity() -> Identity {
    Identity {
        system_identifier: "7000000000000000001".to_owned(),
        database: "postgres".to_owned(),
        database_oid: "5".to_owned(),
        version: "15.18".to_owned(),
        address: "127.0.0.1:54322".to_owned(),
        user: "postgres".to_owned(),
        in_recovery: false,
        read_only: false,
        started: "2026-11-22 15:00:00+00".to_owned(),
        server_time_us: 1_795_360_000_000_000,
        timeline: "1".to_owned(),
        unsafe_settings: Vec::new(),
        signs: None,
        circumstances: None,
        near: String::new(),
    }
}
