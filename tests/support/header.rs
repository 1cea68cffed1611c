//! How the made-up sessions of tests and benches begin.

use ceremony::runner::fake::identity;
use ceremony::session::{Header, Mode, TargetName};
use ceremony::time::Timestamp;

pub fn header() -> Header {
    Header {
        format: 1,
        session: "00000000-0000-7000-8000-000000000001".to_owned(),
        ceremony: "calendar-migrations".to_owned(),
        definition: "ceremony.toml".to_owned(),
        inputs: Default::default(),
        plan: String::new(),
        tool: "0.1.0".to_owned(),
        git: None,
        operator: "ada".to_owned(),
        mode: Mode::Live,
        target: TargetName {
            address: "127.0.0.1:54322".to_owned(),
            database: "postgres".to_owned(),
            user: "postgres".to_owned(),
            embedded: false,
        },
        opened: Timestamp::from_micros(identity().server_time_us),
        copy_of: None,
        copied: None,
    }
}
