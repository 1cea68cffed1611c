//! E8, E9: files that hide transaction control, errors that are swallowed, a COMMIT that is answered with ROLLBACK.

use crate::effort::{effort, figures};
use crate::mini::*;
use crate::room::*;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

/// What can be seen in the text, and what is no SQL at all.
const OPEN: &[&str] = &[
    "COMMIT; BEGIN;",
    "commit work;\nbegin;",
    "END TRANSACTION;",
    "ROLLBACK;",
    "ABORT WORK;",
    "COMMIT AND CHAIN;",
    "ROLLBACK AND CHAIN;",
    "SAVEPOINT commit; RELEASE commit;",
    "ROLLBACK TO SAVEPOINT x;",
    "PREPARE TRANSACTION 'x';",
    "COMMIT PREPARED 'x';",
    "ROLLBACK PREPARED 'x';",
    "START TRANSACTION ISOLATION LEVEL SERIALIZABLE;",
    "SET TRANSACTION READ ONLY;",
    "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY;",
    "/* -- */ COMMIT /* ; */;",
    "CO\u{feff}MMIT;",
    "-- '\nCOMMIT;",
    "SELECT $a$ $b$ ; $a$; COMMIT;",
    "SELECT E'\\'; COMMIT; --';\nCOMMIT;",
    "SELECT '\\'; COMMIT; --';",
    "SELECT U&'\\0027'; COMMIT;",
    "SELECT 1 /* /* */ ; */; COMMIT;",
    "SELECT $$a$$;;; COMMIT;",
    "CREATE FUNCTION public.f() RETURNS void LANGUAGE sql BEGIN ATOMIC SELECT 1; END; COMMIT;",
    "SELECT 1 \\; COMMIT;",
    "SELECT 'COMMIT' \\gexec",
    "\\i commit.sql",
    "\\! psql -c commit",
    "\\connect postgres",
    "\\c",
    "\\if true\nCOMMIT;\n\\endif",
    ":commit;",
    "COPY public.mini FROM STDIN;\n1\n\\.\nCOMMIT;",
    "COPY public.mini TO PROGRAM 'true'; COMMIT;",
    "VACUUM;",
    "ALTER SYSTEM SET fsync = off;",
    "DISCARD ALL;",
    "CREATE DATABASE x;",
];

/// An error that is swallowed, and then COMMIT (E9).
const SWALLOWED: &[&str] = &[
    "DO $$ BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN COMMIT; END $$;",
    "DO $$ BEGIN BEGIN PERFORM 1 / 0; EXCEPTION WHEN OTHERS THEN NULL; END; COMMIT; END $$;",
    "DO $$ BEGIN BEGIN RAISE 'x'; EXCEPTION WHEN OTHERS THEN EXECUTE 'commit'; END; EXCEPTION WHEN OTHERS THEN RAISE; END $$;",
];

/// What only the server can refuse, or nobody: inside of functions, blocks and strings that are put together.
const CONCEALED: &[&str] = &[
    "DO $$ BEGIN COMMIT; END $$;",
    "DO $x$ BEGIN EXECUTE 'comm' || 'it'; END $x$;",
    "DO $$ BEGIN EXECUTE E'\\x43OMMIT'; END $$;",
    "DO $$ BEGIN ROLLBACK; END $$;",
    "DO $$ BEGIN COMMIT AND CHAIN; END $$;",
    "DO $$ BEGIN SET TRANSACTION READ WRITE; COMMIT; END $$;",
    "DO LANGUAGE plpgsql 'BEGIN COMMIT; END';",
    "CREATE PROCEDURE public.p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; CALL public.p();",
    "CREATE PROCEDURE public.p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$;
     CREATE PROCEDURE public.q() LANGUAGE plpgsql AS $$ BEGIN CALL public.p(); END $$; CALL public.q();",
    "CREATE PROCEDURE public.p() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$; DO $$ BEGIN CALL public.p(); END $$;",
    "CREATE PROCEDURE public.p() LANGUAGE sql AS $$ COMMIT $$; CALL public.p();",
    "CREATE FUNCTION public.f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN COMMIT; RETURN 1; END $$; SELECT public.f();",
    "CREATE FUNCTION public.f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN COMMIT; RETURN NEW; END $$;
     CREATE TRIGGER t BEFORE INSERT ON public.mini FOR EACH ROW EXECUTE FUNCTION public.f(); INSERT INTO public.mini VALUES (1);",
    "PREPARE x AS SELECT 1; EXECUTE x; DO $$ BEGIN EXECUTE 'PREPARE TRANSACTION ''x'''; END $$;",
    "SELECT query_to_xml('commit', true, true, '');",
    "SELECT * FROM cursor_to_xml('x', 1, true, true, '');",
];

#[test]
fn hidden_transaction_control_is_seen_or_leaves_nothing() {
    let server = Own::new();
    let (mut seen, mut stopped) = (0, 0);
    let every = if effort() > 1 { 1 } else { 3 };
    for sql in OPEN.iter().chain(SWALLOWED).chain(CONCEALED.iter().step_by(every)) {
        let room = mini(&format!("{GOOD}\nCREATE TABLE public.sneaked (id int);\n{sql}\n"));
        let check = room.call(&["check"]);
        if check.code == Some(2) {
            contains(&check.err, &["20260301000000_mini.sql:", "why:", "next:"]);
            seen += 1;
            continue;
        }
        let ended = run_on(&room, &server.url(), &room.yes());
        assert_eq!(ended.code, Some(5), "{sql}\n{}", ended.said());
        assert_eq!(server.ask(LEFT), NOTHING, "{sql}\n{}", ended.said());
        room.verify().with(0);
        stopped += 1;
    }
    assert!(seen >= 20 && stopped >= 7, "{seen} {stopped}");
    let all = seen + stopped;
    figures(
        "E8",
        &format!("{all} files: {seen} refused before they ran, {stopped} stopped, of which 0 left anything"),
    );
}

/// A relay between the program and the server that turns the COMMIT of the first proved migration into a ROLLBACK of the
/// same length.
fn turning_relay(to: u16) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let turned = Arc::new(AtomicBool::new(false));
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(("127.0.0.1", to)).unwrap());
            let (mut back, mut from) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || {
                let _ = std::io::copy(&mut from, &mut back);
                let _ = back.shutdown(Shutdown::Both);
            });
            let turned = turned.clone();
            thread::spawn(move || turning(client, server, &turned));
        }
    });
    port
}

fn turning(mut client: TcpStream, mut server: TcpStream, turned: &AtomicBool) {
    let mut buffer = [0; 65_536];
    let mut proved = false;
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let find = |words: &[u8]| buffer[..count].windows(words.len()).position(|bytes| bytes == words);
        proved |= find(b"UPDATE ceremony.ledger SET state = 'done'").is_some();
        // Described first, and then sent.
        let at = find(b"Q\0\0\0\x0bCOMMIT\0").filter(|_| proved);
        if let Some(at) = at.filter(|_| !turned.swap(true, Ordering::SeqCst)) {
            buffer[at + 5..at + 11].copy_from_slice(b"ABORT ");
        }
        if server.write_all(&buffer[..count]).is_err() {
            break;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

#[test]
fn a_commit_that_is_answered_with_rollback_is_none() {
    let server = used();
    let room = mini_with(GOOD, "[target]\nunproven = \"the relay of this test\"");
    let url = format!(
        "postgresql://postgres:{}@127.0.0.1:{}/postgres",
        server.password(),
        turning_relay(server.port())
    );
    run_on(&room, &url, &room.yes())
        .with(5)
        .says(&["condition 8 of 8", "the server answered COMMIT with ROLLBACK"]);
    assert_eq!(server.ask(LEFT), NOTHING);
    assert!(room.events("step-committed").is_empty());
    resume_on(&room, &url, &room.yes().at_a_stop("resume: it was turned round"))
        .with(0)
        .says(&["apply/mini had not been committed"]);
    assert_eq!(server.ask(LEFT), ONCE);
    figures(
        "E9",
        "3 swallowed errors before a COMMIT: 3 stopped, 0 left; COMMIT answered with ROLLBACK: not taken for applied",
    );
}
