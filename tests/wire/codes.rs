//! D1: every SQLSTATE of the table in `src/session/sqlstate.rs` and its neighbours, in the middle of a migration: said
//! by the server itself where that can be had, by the rig in its place elsewhere.

use crate::effort::figures;
use crate::ladder::*;
use crate::rig::*;
use crate::room::*;
use crate::server::Server;
use ceremony::session::{HaltCondition, Meaning, meaning};

const STATEMENT: &str = "INSERT INTO evidence";

/// Code, whether the server ends the conversation with it, and the condition by which the world stops.
const CODES: &[(&str, bool, HaltCondition)] = &[
    ("55P03", false, HaltCondition::MigrationFailed),
    ("40P01", false, HaltCondition::MigrationFailed),
    ("40001", false, HaltCondition::MigrationFailed),
    ("53300", false, HaltCondition::MigrationFailed),
    ("57P03", false, HaltCondition::ConnectionLost),
    ("57P01", true, HaltCondition::ConnectionLost),
    ("57P02", true, HaltCondition::ConnectionLost),
    ("08000", true, HaltCondition::ConnectionLost),
    ("08003", true, HaltCondition::ConnectionLost),
    ("08006", true, HaltCondition::ConnectionLost),
    ("08P01", true, HaltCondition::ConnectionLost),
    ("57014", false, HaltCondition::MigrationFailed),
    ("25P03", true, HaltCondition::ConnectionLost),
    ("53100", false, HaltCondition::MigrationFailed),
    ("53200", false, HaltCondition::MigrationFailed),
    ("25006", false, HaltCondition::MigrationFailed),
    ("42601", false, HaltCondition::MigrationFailed),
    ("42501", false, HaltCondition::MigrationFailed),
    ("42P01", false, HaltCondition::MigrationFailed),
    ("23502", false, HaltCondition::ConstraintViolated),
    ("23503", false, HaltCondition::ForeignKeyViolated),
    ("23505", false, HaltCondition::ConstraintViolated),
    ("23514", false, HaltCondition::ConstraintViolated),
    ("28P01", true, HaltCondition::ConnectionLost),
    ("3D000", true, HaltCondition::ConnectionLost),
    ("26000", false, HaltCondition::MigrationFailed),
    ("0A000", false, HaltCondition::MigrationFailed),
    ("2D000", false, HaltCondition::MigrationFailed),
    ("25001", false, HaltCondition::MigrationFailed),
    ("XX000", false, HaltCondition::MigrationFailed),
];

/// The words that go with what a code means.
fn words(code: &str) -> Option<&'static str> {
    match meaning(code) {
        Meaning::Passing { tries_max: 1 } => Some("it may be tried again (1 of 1)"),
        Meaning::Passing { .. } => Some("it may be tried again (1 of 3)"),
        Meaning::Lost | Meaning::ForPeople => None,
    }
}

fn condition(of: HaltCondition) -> serde_json::Value {
    serde_json::json!({ "cause": "condition", "condition": of })
}

/// As many as there are errors that pass: no step meets two of them.
const MIGRATIONS: usize = 5;

/// Each migration meets one code after the other, until there is none left for it.
#[test]
fn each_code_and_what_is_done_about_it() {
    let server = Server::new();
    let rig = Rig::new(server.port);
    let trial = Trial { room: ladder(MIGRATIONS, ""), rig: &rig, server: &server };
    for (at, (code, fatal, _)) in CODES.iter().enumerate() {
        let who = format!("ceremony apply/m{:02}", 1 + at % MIGRATIONS);
        rig.plan(&who, At::Query(STATEMENT), Fault::Refuse(code, *fatal));
    }
    trial.run(&always(&trial.room, "resume: it was the rig")).end().with(0).says(&["verdict: PASS"]);
    let halts = trial.room.halts();
    assert_eq!(halts.len(), CODES.len());
    let met = (0..MIGRATIONS).flat_map(|first| CODES.iter().skip(first).step_by(MIGRATIONS));
    for ((code, fatal, wanted), halt) in met.zip(&halts) {
        assert_eq!(halt["cause"], condition(*wanted), "{code}: {halt:#}");
        let why = halt["why"].as_str().unwrap();
        assert!(why.contains(code), "{code}: {why}");
        match words(code).filter(|_| !fatal) {
            Some(words) => assert!(why.contains(words), "{code}: {why}"),
            None => assert!(!why.contains("tried again"), "{code}: {why}"),
        }
    }
    assert!(trial.evidence().values().all(|count| *count == 1), "{:?}", trial.evidence());
    trial.is_sound();
    figures(
        "D1",
        &format!(
            "{} codes said by the rig in mid-statement: {} stops, each with its condition",
            CODES.len(),
            halts.len()
        ),
    );
}

/// So often and no more.
#[test]
fn errors_that_pass_are_tried_again_and_then_no_more() {
    for (code, tries) in [("40P01", 1), ("55P03", 3)] {
        let server = Server::new();
        let rig = Rig::new(server.port);
        let trial = Trial { room: ladder(1, ""), rig: &rig, server: &server };
        for _ in 0..=tries {
            rig.plan("ceremony apply/m01", At::Query(STATEMENT), Fault::Refuse(code, false));
        }
        let answers =
            always(&trial.room, "resume: once more").with("decide", &vec!["resume: once more"; tries + 1]);
        trial.run(&answers).end().with(5).says(&["it may not be tried again in this session"]);
        assert_eq!(trial.room.halts().len(), tries + 1, "{code}");
        assert_eq!(rig.struck().len(), tries + 1, "{code}");
        assert_eq!(trial.evidence().len(), 0);
        let way_out = always(&trial.room, "abandon: not today");
        assert_ne!(trial.resume(&way_out).end().code, Some(0));
        assert_eq!(server.ask(LEDGER), "");
        trial.is_sound();
    }
    figures("D1", "40P01 tried again once, 55P03 three times, then refused");
}

#[test]
fn commit_answered_with_rollback_is_not_believed() {
    let server = Server::new();
    let rig = Rig::new(server.port);
    let trial = Trial { room: ladder(1, ""), rig: &rig, server: &server };
    rig.plan("ceremony apply/m01", At::Query("COMMIT"), Fault::Instead("ROLLBACK"));
    trial.run(&always(&trial.room, "resume: once more")).end().with(0).says(&[
        "the server answered COMMIT with ROLLBACK",
        "apply/m01 had not been committed",
        "verdict: PASS",
    ]);
    assert_eq!(rig.struck().len(), 1);
    assert_eq!(trial.evidence().get("01 up"), Some(&1));
    trial.is_sound();
    figures("D1", "COMMIT answered with ROLLBACK: a stop, settled as not committed, applied once in the end");
}

/// What the server itself says: code, and what provokes it.
const REAL: &[(&str, &str)] = &[
    ("42P01", "EXECUTE 'SELECT * FROM public.nothing_here';"),
    ("42601", "EXECUTE 'SELEKT';"),
    ("23505", "CREATE TEMP TABLE a (n int PRIMARY KEY); INSERT INTO a VALUES (1), (1);"),
    (
        "23503",
        "CREATE TEMP TABLE b (n int PRIMARY KEY); CREATE TEMP TABLE c (n int REFERENCES b); INSERT INTO c VALUES (1);",
    ),
    ("23514", "CREATE TEMP TABLE d (n int CHECK (n > 1)); INSERT INTO d VALUES (1);"),
    ("26000", "EXECUTE 'EXECUTE nobody_prepared_it';"),
    ("0A000", "EXECUTE 'SELECT * FROM elsewhere.public.t';"),
    ("2D000", "COMMIT;"),
    ("25001", "EXECUTE 'SET TRANSACTION ISOLATION LEVEL SERIALIZABLE';"),
    ("25006", "SET LOCAL transaction_read_only = on; INSERT INTO evidence.log (what) VALUES ('never');"),
    ("57014", "PERFORM pg_cancel_backend(pg_backend_pid()); PERFORM pg_sleep(60);"),
    ("57P01", "PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(60);"),
    ("55P03", "LOCK TABLE evidence.held IN ACCESS EXCLUSIVE MODE NOWAIT;"),
];

#[test]
fn what_a_real_server_says() {
    let server = Server::new();
    let rig = Rig::new(server.port);
    let trial = Trial { room: ladder(REAL.len(), ""), rig: &rig, server: &server };
    server.ask("CREATE TABLE evidence.held (n int)");
    let _holder =
        Somebody::new(server.port, &server.password, "BEGIN; LOCK TABLE evidence.held IN SHARE MODE");
    for (at, (_, provoke)) in REAL.iter().enumerate() {
        // A sequence knows of an attempt that was rolled back: only the first one meets the trouble.
        server.ask(&format!("CREATE SEQUENCE evidence.s{at}"));
        let sql = format!("DO $$ BEGIN IF nextval('evidence.s{at}') = 1 THEN {provoke} END IF; END $$;");
        trial.room.add(&format!("migrations/{}_t.sql", at + 1), &sql);
    }
    trial.run(&always(&trial.room, "resume: only the first one fails")).end().with(0);
    let halts = trial.room.halts();
    assert_eq!(halts.len(), REAL.len(), "{halts:#?}");
    for ((code, _), halt) in REAL.iter().zip(&halts) {
        let why = halt["why"].as_str().unwrap();
        assert!(why.contains(code), "{code}: {why}");
        assert_eq!(halt["cause"], condition(HaltCondition::of_sqlstate(code)), "{code}");
        assert_eq!(words(code).is_some(), why.contains("tried again"), "{code}: {why}");
    }
    assert!(trial.evidence().values().all(|count| *count == 1), "{:?}", trial.evidence());
    trial.is_sound();
    figures(
        "D1",
        &format!(
            "{} codes said by a real server: {} stops, each with its condition",
            REAL.len(),
            halts.len()
        ),
    );
}
