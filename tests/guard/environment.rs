//! Variables and files of somebody's own: none leads the program or its children elsewhere, no value is ever shown.

use crate::clients::Own;
use crate::effort::figures;
use crate::program::contains;
use crate::room::Room;
use ceremony::runner::server::find_programs;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

const CANARY: &str = "hunter2.example.com";

/// Variables of libpq and its programs that are of no consequence here, each with a value that would be.
const WITHOUT_EFFECT: &[(&str, &str)] = &[
    ("PGPORT", "1"),
    ("PGUSER", CANARY),
    ("PGDATABASE", CANARY),
    ("PGSYSCONFDIR", CANARY),
    ("PGPASSFILE", CANARY),
    ("PGREQUIREAUTH", CANARY),
    ("PGCHANNELBINDING", "require"),
    ("PGSSLMODE", "verify-full"),
    ("PGREQUIRESSL", "1"),
    ("PGSSLCERT", CANARY),
    ("PGSSLKEY", CANARY),
    ("PGSSLROOTCERT", CANARY),
    ("PGSSLCRL", CANARY),
    ("PGSSLNEGOTIATION", "direct"),
    ("PGGSSENCMODE", "require"),
    ("PGGSSLIB", CANARY),
    ("PGKRBSRVNAME", CANARY),
    ("PGREQUIREPEER", CANARY),
    ("PGTARGETSESSIONATTRS", "standby"),
    ("PGLOADBALANCEHOSTS", "random"),
    ("PGCONNECT_TIMEOUT", "1"),
    ("PGCLIENTENCODING", "LATIN1"),
    ("PGDATESTYLE", "SQL, DMY"),
    ("PGTZ", "Asia/Tokyo"),
    ("PGGEQO", "off"),
    ("PGLOCALEDIR", CANARY),
    ("PGREALM", CANARY),
    ("PGDATA", CANARY),
    ("PGAPPNAME", CANARY),
    ("PSQLRC", CANARY),
    ("PSQL_HISTORY", CANARY),
    ("PSQL_PAGER", CANARY),
    ("KRB5CCNAME", CANARY),
    ("KRB5_CONFIG", CANARY),
    ("LOCALDOMAIN", CANARY),
    ("RES_OPTIONS", CANARY),
    ("HOSTALIASES", CANARY),
    ("HTTP_PROXY", CANARY),
    ("ALL_PROXY", CANARY),
    ("SSH_AUTH_SOCK", CANARY),
];

#[test]
fn what_could_redirect_is_refused_by_name() {
    let room = Room::new();
    let mut count = 0;
    let mut refused = |name: &str, value: &str| {
        let mut command = room.command(&["run", "--session", "session", "--headless", "--yes"]);
        let ended = room
            .spawn({
                command.env(name, value);
                command
            })
            .end()
            .with(2);
        contains(&ended.err, &[&format!("the environment has {name}"), "why:", &format!("unset {name}")]);
        assert!(
            value.is_empty() || value.len() < 4 || !ended.said().contains(value),
            "{name} is shown: {}",
            ended.said()
        );
        assert!(!room.session().exists(), "{name}: something was made");
        count += 1;
    };
    for name in ["PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS"] {
        for value in [CANARY, "127.0.0.1", ""] {
            refused(name, value);
        }
    }
    for value in [
        CANARY,
        "LOCALHOST",
        "127.0.0.2",
        "127.0.0.1,hunter2.example.com",
        "@hunter2",
        "/home/x",
        "::ffff:127.0.0.1",
    ] {
        refused("PGHOST", value);
    }
    figures(
        "G2",
        &format!("{count} variables and values that could redirect, each refused by name, 0 values shown"),
    );
}

/// Programs of PostgreSQL that write down what they are told, each into its own file.
fn telling(room: &Room, names: &[&str]) -> PathBuf {
    let (programs, told) = (room.path("programs"), room.path("told"));
    fs::create_dir(&programs).unwrap();
    fs::create_dir(&told).unwrap();
    let real = find_programs(None).unwrap().bindir;
    for entry in fs::read_dir(&real).unwrap().flatten() {
        let path = programs.join(entry.file_name());
        let Some(name) = names.iter().find(|name| entry.file_name() == **name) else {
            std::os::unix::fs::symlink(entry.path(), path).unwrap();
            continue;
        };
        let (real, told) = (entry.path(), told.join(name));
        let text = format!(
            "#!/bin/sh\ntr '\\0' '\\n' </proc/$$/environ >>{0}\necho \"argv: $*\" >>{0}\nexec {1} \"$@\"\n",
            told.display(),
            real.display()
        );
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    programs
}

/// Files in a home that lead every client elsewhere which reads them.
fn hostile_home(room: &Room, password: &str) -> PathBuf {
    let home = room.path("home");
    fs::create_dir_all(home.join(".postgresql")).unwrap();
    let write = |name: &str, text: &str| {
        fs::write(home.join(name), text).unwrap();
        fs::set_permissions(home.join(name), fs::Permissions::from_mode(0o600)).unwrap();
    };
    write(".psqlrc", &format!("\\! touch {}\n\\connect 'host={CANARY}'\n", room.path("was-here").display()));
    write(".pg_service.conf", &format!("[prod]\nhost={CANARY}\n"));
    write(".pgpass", &format!("*:*:*:*:not-{password}\n"));
    write(".postgresql/root.crt", "no certificate");
    home
}

fn told(room: &Room, name: &str) -> String {
    fs::read_to_string(room.path("told").join(name)).unwrap_or_else(|_| panic!("{name} was not run"))
}

#[test]
fn what_is_set_has_no_effect_and_reaches_no_child() {
    let (room, server) = (Room::new(), Own::new());
    let programs = telling(&room, &["psql", "pg_dump", "pg_restore"]);
    // The first suite is a psql that would read somebody's own settings; its word is as good as the server's.
    let with =
        "[\"psql\", \"-XqAt\", \"-v\", \"ON_ERROR_STOP=1\", \"-f\", \"assets/calendar/suites/baseline.sql\"]";
    let without =
        "[\"psql\", \"-qAt\", \"-v\", \"ON_ERROR_STOP=1\", \"-f\", \"assets/calendar/suites/baseline.sql\"]";
    room.define(with, without);
    let home = hostile_home(&room, server.password());
    // Somebody who is connected has the drill's copy dumped and restored.
    let somebody = server.somebody("SELECT 1");
    let url = server.url();
    let mut command = room.answered(&["run", "--session", "session", "--url", &url], &room.yes());
    command.envs(WITHOUT_EFFECT.iter().copied()).env("HOME", &home).env("PG_BINDIR", &programs);
    let ended = room.spawn(command).end().with(0);
    somebody.leaves();
    assert!(!room.path("was-here").exists(), "a child read somebody's own settings");
    assert!(!ended.said().contains(CANARY), "{}", ended.said());
    assert_eq!(
        room.files_with(CANARY).iter().filter(|path| !path.starts_with(&home)).collect::<Vec<_>>(),
        Vec::<&PathBuf>::new()
    );
    let allowed = [
        "HOME",
        "LANG",
        "LC_ALL",
        "TMPDIR",
        "USER",
        "SHELL",
        "PATH",
        "PGHOST",
        "PGPORT",
        "PGUSER",
        "PGDATABASE",
        "PGCONNECT_TIMEOUT",
        "PGAPPNAME",
        "PGOPTIONS",
        "PGPASSFILE",
        "PGGSSENCMODE",
        "PGSSLMODE",
        "PGREQUIREAUTH",
        "PSQLRC",
        "PGSERVICEFILE",
        "PGSYSCONFDIR",
        "CEREMONY_CHILD",
    ];
    let mut children = 0;
    for name in ["psql", "pg_dump", "pg_restore"] {
        let text = told(&room, name);
        children += text.matches("argv: ").count();
        assert!(!text.contains(server.password()), "{name} is told the password");
        assert!(!text.contains(CANARY), "{name}: {text}");
        for line in text.lines().filter(|line| !line.starts_with("argv: ")) {
            let (variable, value) = line.split_once('=').unwrap_or((line, ""));
            assert!(allowed.contains(&variable) || variable.starts_with("CEREMONY"), "{name} is told {line}");
            match variable {
                "PGHOST" => assert_eq!(value, "127.0.0.1"),
                "PGPORT" => assert_eq!(value, server.port().to_string()),
                "PGSSLMODE" | "PGGSSENCMODE" => assert_eq!(value, "disable"),
                "PSQLRC" | "PGSERVICEFILE" | "PGSYSCONFDIR" => assert_eq!(value, "/dev/null"),
                "PGPASSFILE" => assert!(Path::new(value).starts_with(room.session()), "{value}"),
                _ => {}
            }
        }
    }
    figures(
        "G2",
        &format!(
            "{} variables set to lead astray and 4 files in the home: no effect; {children} children's environments read, 0 values found in them",
            WITHOUT_EFFECT.len()
        ),
    );
}
