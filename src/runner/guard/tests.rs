//! What the guard lets through and what it refuses, as two tables; and that it keeps passwords to itself.

use super::*;
use proptest::prelude::*;

#[test]
fn must_pass() {
    let socket = |folder: &str| Host::Socket(folder.into());
    let cases = [
        ("postgresql://postgres:postgres@127.0.0.1:54322/postgres", Host::V4, 54322, "postgres"),
        ("postgres://postgres:postgres@127.0.0.1:54322/postgres", Host::V4, 54322, "postgres"),
        ("postgresql://postgres@localhost:5432/calendar", Host::Localhost, 5432, ""),
        ("postgresql://postgres:@localhost:5432/calendar", Host::Localhost, 5432, ""),
        ("postgresql://a:b@[::1]:1/c", Host::V6, 1, "b"),
        ("postgresql://a:b@127.0.0.1:65535/c?sslmode=disable", Host::V4, 65535, "b"),
        ("postgresql://a:b@127.0.0.1:5432/c?application_name=a%20b&sslmode=prefer", Host::V4, 5432, "b"),
        ("postgresql://a:p%40ss%3Aw%2F%25%C3%A4@127.0.0.1:5432/c", Host::V4, 5432, "p@ss:w/%ä"),
        ("postgresql://a:b:c@127.0.0.1:5432/c", Host::V4, 5432, "b:c"),
        ("postgresql://a@/c?host=/var/run/postgresql", socket("/var/run/postgresql"), 5432, ""),
        ("postgresql://a:b@/c?host=/run/postgresql&port=5433", socket("/run/postgresql"), 5433, "b"),
        ("postgresql://a@/c?host=/tmp&sslmode=disable", socket("/tmp"), 5432, ""),
        ("postgresql://a@/c?host=/tmp/ceremony-x", socket("/tmp/ceremony-x"), 5432, ""),
    ];
    for (text, host, port, password) in cases {
        let dsn = parse_with(text, &["/tmp/ceremony-x".into()])
            .unwrap_or_else(|refused| panic!("{text}: {refused}"));
        assert_eq!((dsn.host, dsn.port), (host, port), "{text}");
        assert_eq!(dsn.password.as_ref().map_or("", Secret::expose), password, "{text}");
    }
    let dsn = parse("postgresql://r%C3%A4@127.0.0.1:5432/c%20d?application_name=x&sslmode=prefer").unwrap();
    assert_eq!((dsn.user.as_str(), dsn.database.as_str()), ("rä", "c d"));
    assert_eq!((dsn.application_name.as_deref(), dsn.ssl), (Some("x"), Some(Ssl::Prefer)));
}

/// Hosts that are not exactly one of the three; each is tried with and without a password.
const HOSTS: &[&str] = &[
    "db.x.supabase.co",
    "10.0.0.5",
    "172.17.0.2",
    "host.docker.internal",
    "0.0.0.0",
    "[::]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "[::1%25lo]",
    "[::1%lo]",
    "[fe80::1%25eth0]",
    "[fe80::1]",
    "::1",
    "[::1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "127.1",
    "127.0.0.2",
    "127.0.0.01",
    "127.0.0.1.",
    "localhost.",
    "LOCALHOST",
    "Localhost",
    "localhost.prod.example.com",
    "127.0.0.1.nip.io",
    "localhost.localdomain",
    "ip6-localhost",
    "prod",
    "loc%61lhost",
    "127.0.0.1%00",
    "localhost%00.prod",
    "127%2E0.0.1",
    "%2Ftmp",
    "%2Fvar%2Frun%2Fpostgresql",
    "ｌocalhost",
    "127。0。0。1",
    "１27.0.0.1",
    "lоcalhost",
    "localhost\\@prod",
    "localhost,prod",
    "prod,localhost",
    "[localhost]",
    "[127.0.0.1]",
    "localhost[::1]",
    "[::1]x",
    "*",
    "localhost ",
    " localhost",
    "localhost\t",
    "localhost\n",
    "\u{202e}tsohlacol",
    "local\u{200b}host",
    "localhost;prod",
];

/// The rest, whole.
const TEXTS: &[&str] = &[
    "",
    "postgresql://",
    "postgres:",
    "mysql://a:b@127.0.0.1:5432/c",
    "POSTGRESQL://a:b@127.0.0.1:5432/c",
    "postgresql+ssl://a:b@127.0.0.1:5432/c",
    "jdbc:postgresql://127.0.0.1:5432/c",
    "host=127.0.0.1 dbname=c",
    "127.0.0.1:5432/c",
    " postgresql://a:b@127.0.0.1:5432/c",
    "postgresql://a:b@127.0.0.1:5432/c ",
    "postgresql://a:b@127.0.0.1:5432/c\n",
    "postgresql:///a:b@127.0.0.1:5432/c",
    // Structure.
    "postgresql://a:b@localhost@prod:5432/c",
    "postgresql://a:b@localhost:54322@prod/c",
    "postgresql://localhost@prod:5432/c",
    "postgresql://localhost:54322@prod:5432/c",
    "postgresql://a:b@c@127.0.0.1:5432/c",
    "postgresql://a:b@localhost:1,prod:2/c",
    "postgresql://a:b@localhost:1,prod/c",
    "postgresql://a:b@prod:1,localhost:2/c",
    "postgresql://a:b@localhost:5432/c@prod:5432/d",
    "postgresql://a:b@localhost:5432/c%40prod",
    "postgresql://a:b@localhost:5432/c/d",
    "postgresql://a:b@localhost:5432/c#@prod",
    "postgresql://a:b@localhost:5432#@prod/c",
    "postgresql://a:b@localhost:5432\\@prod/c",
    "postgresql://a:b#@127.0.0.1:5432/c",
    "postgresql://a:b%zz@127.0.0.1:5432/c",
    "postgresql://a:b%0a@127.0.0.1:5432/c",
    "postgresql://a:b%00@127.0.0.1:5432/c",
    "postgresql://a:b%ff@127.0.0.1:5432/c",
    "postgresql://a:b%4@127.0.0.1:5432/c",
    "postgresql://%00@127.0.0.1:5432/c",
    "postgresql://a:b@127.0.0.1:5432/%E2%80%AEc",
    "postgresql://a:b@127.0.0.1:5432/c\u{202e}",
    // Something missing.
    "postgresql://127.0.0.1:5432/c",
    "postgresql://@127.0.0.1:5432/c",
    "postgresql://:b@127.0.0.1:5432/c",
    "postgresql://a:b@:5432/c",
    "postgresql://a:b@/c",
    "postgresql://a:b@127.0.0.1/c",
    "postgresql://a:b@127.0.0.1:/c",
    "postgresql://a:b@127.0.0.1:5432",
    "postgresql://a:b@127.0.0.1:5432/",
    "postgresql://a:b@127.0.0.1:5432?x=y",
    "postgresql:///c",
    "postgresql:///c?host=/tmp",
    "postgresql://a@/?host=/tmp",
    // Ports.
    "postgresql://a:b@127.0.0.1:0/c",
    "postgresql://a:b@127.0.0.1:65536/c",
    "postgresql://a:b@127.0.0.1:05432/c",
    "postgresql://a:b@127.0.0.1:+5432/c",
    "postgresql://a:b@127.0.0.1:-1/c",
    "postgresql://a:b@127.0.0.1:0x1538/c",
    "postgresql://a:b@127.0.0.1:5432x/c",
    "postgresql://a:b@127.0.0.1:5432:5433/c",
    "postgresql://a:b@127.0.0.1:%35432/c",
    "postgresql://a:b@127.0.0.1: 5432/c",
    "postgresql://a:b@127.0.0.1:١/c",
    "postgresql://a:b@[::1]5432/c",
    "postgresql://a:b@127.0.0.1:99999999999999999999/c",
];

/// Parameters, each behind a good address.
const PARAMETERS: &[&str] = &[
    "",
    "host=prod",
    "host=localhost",
    "host=/tmp",
    "hostaddr=10.0.0.5",
    "hostaddr=127.0.0.1",
    "port=1",
    "dbname=d",
    "user=x",
    "password=x",
    "service=s",
    "options=-csearch_path%3Dx",
    "target_session_attrs=any",
    "passfile=/x",
    "sslmode=verify-full",
    "sslmode=require",
    "sslmode=allow",
    "sslmode=DISABLE",
    "sslmode=",
    "sslmode",
    "sslmode=%64isable",
    "sslmode=disable&sslmode=disable",
    "application_name=a&application_name=b",
    "Host=prod",
    "%68ost=prod",
    "sslmode=disable&host=prod",
    "sslmode=disable;host=prod",
    "sslmode=disable&",
    "&sslmode=disable",
    "application_name=%0a",
    "application_name=%C3%A4",
    "sslrootcert=/x",
    "connect_timeout=1",
    "=x",
    "sslmode=disable?host=prod",
    "ssl=true",
    "replication=database",
    "gssencmode=disable",
    "load_balance_hosts=random",
];

/// Socket folders that are not on the list, or not written as on it.
const FOLDERS: &[&str] = &[
    "/home/x",
    "/",
    "",
    "tmp",
    "/tmp/",
    "//tmp",
    "/tmp/..",
    "/tmp/../etc",
    "/tmp/x",
    "/./tmp",
    "@abstract",
    "%40abstract",
    "%2Ftmp",
    "/tmp%00",
    "/tmp,/run/postgresql",
    "/tmp,prod",
    "prod",
    "127.0.0.1",
    "/TMP",
    "/private/tmp",
    "/tmp&port=0",
    "/tmp&port=",
    "/tmp&port=5432,5433",
    "/tmp&host=/tmp",
    "/tmp&hostaddr=10.0.0.5",
];

#[test]
fn must_be_refused() {
    let hosts = HOSTS.iter().flat_map(|it| {
        [
            format!("postgresql://a:canary@{it}:5432/c"),
            format!("postgresql://a@{it}:5432/c"),
            format!("postgres://a@{it}/c"),
        ]
    });
    let parameters = PARAMETERS.iter().map(|it| format!("postgresql://a:canary@127.0.0.1:5432/c?{it}"));
    let folders = FOLDERS.iter().map(|it| format!("postgresql://a:canary@/c?host={it}"));
    let long =
        ["x".repeat(64), "x".repeat(3_000)].map(|it| format!("postgresql://a:canary@127.0.0.1:5432/{it}"));
    let texts = TEXTS.iter().map(|it| (*it).to_owned());
    let mut count = 0;
    for text in hosts.chain(parameters).chain(folders).chain(long).chain(texts) {
        let refused = parse(&text).map(|_| ()).expect_err(&text);
        assert!(!refused.what.is_empty() && !refused.why.is_empty() && !refused.next.is_empty(), "{text}");
        let said = refused.to_string();
        assert!(!said.contains("canary"), "{said}");
        assert!(said.is_ascii() && !said.contains('\u{1b}'), "{said}");
        count += 1;
    }
    assert!(count > 250, "{count}");
}

#[test]
fn a_refusal_never_shows_a_password() {
    for text in [
        "postgresql://a:canary@prod:5432/c",
        "postgresql://a:canary@x@prod:5432/c",
        "postgresql://a:can@canary@prod/c",
        "postgresql://a:canary",
        "postgresql://prod/c?password=canary",
        "host=prod password=canary",
        "postgresql://a:b@127.0.0.1:5432/c?password=canary",
        "a:canary@prod",
        "postgresql://a:x/canary@prod/c",
        "postgresql://a:x?canary@prod/c",
        "mysql://a:canary@prod/c",
        "postgresql://a:canary/c",
        "a:canary@prod/c?options=http://x@y",
        "canary@prod/c?to=http://x",
    ] {
        let said = parse(text).unwrap_err().to_string();
        assert!(!said.contains("canary"), "{text}: {said}");
    }
    let said = parse("postgresql://a:b@\u{1b}[31mprod:5432/c").unwrap_err().to_string();
    assert!(said.contains("\\u{1b}[31mprod:5432"), "{said}");
    let dsn = parse("postgresql://a:canary@127.0.0.1:5432/c").unwrap();
    assert!(!format!("{dsn:?}").contains("canary"));
}

#[test]
fn the_environment_is_refused_by_name() {
    let check = |name: &str, value: &str| check_environment([(name.into(), value.into())].into_iter());
    for name in ["PGHOSTADDR", "PGSERVICE", "PGSERVICEFILE", "PGOPTIONS"] {
        for value in ["canary", "127.0.0.1", ""] {
            let said = check(name, value).unwrap_err().to_string();
            assert!(said.contains(name) && !said.contains("canary"), "{said}");
        }
    }
    for value in ["prod", "LOCALHOST", "127.0.0.1,prod", "", "/home/x", "@x", "127.0.0.2"] {
        assert!(check("PGHOST", value).is_err(), "{value}");
    }
    for value in ["localhost", "127.0.0.1", "::1", "/tmp", "/var/run/postgresql"] {
        assert_eq!(check("PGHOST", value), Ok(()), "{value}");
    }
    assert_eq!(check("PGPASSWORD", "canary"), Ok(()));
    assert_eq!(check("PATH", "/bin"), Ok(()));
    let both = [("PGSERVICE".into(), "a".into()), ("PGHOST".into(), "prod".into())];
    assert_eq!(
        check_environment(both.into_iter()).unwrap_err().what,
        "the environment has PGHOST, PGSERVICE"
    );
}

const PARTS: &[&str] = &[
    "postgresql://",
    "postgres://",
    "a",
    ":",
    "@",
    "/",
    "?",
    "&",
    "=",
    "127.0.0.1",
    "localhost",
    "[::1]",
    "prod",
    "5432",
    "c",
    "host",
    "sslmode",
    "disable",
    ",",
    "%",
    "%40",
    "%2F",
    "%00",
    "\\",
    "#",
    "/tmp",
    ".",
    " ",
    "ä",
    "\u{202e}",
    "port",
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(5_000))]
    /// What passes leads here however it was put together: told apart by an independent reading of the text.
    #[test]
    fn what_passes_is_local(parts in prop::collection::vec(prop::sample::select(PARTS), 0..16), head in any::<bool>()) {
        let text = if head { "postgresql://a:b@".to_owned() } else { String::new() } + &parts.concat();
        if let Ok(dsn) = parse(&text) {
            let authority = text.split("://").nth(1).unwrap().split('/').next().unwrap();
            let host = authority.rsplit('@').next().unwrap();
            match dsn.host {
                Host::Socket(folder) => prop_assert!(host.is_empty() && folder == Path::new("/tmp")),
                Host::Localhost => prop_assert_eq!(host, format!("localhost:{}", dsn.port)),
                Host::V4 => prop_assert_eq!(host, format!("127.0.0.1:{}", dsn.port)),
                Host::V6 => prop_assert_eq!(host, format!("[::1]:{}", dsn.port)),
            }
            prop_assert!(!text.contains("prod") || !host.contains("prod"));
        }
    }
}
