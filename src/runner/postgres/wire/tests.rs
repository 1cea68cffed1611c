//! Tests of the parser: whatever the pieces, the same events.

use super::*;
use proptest::prelude::*;

fn message(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut message = vec![kind];
    message.extend(u32::try_from(body.len() + 4).unwrap().to_be_bytes());
    message.extend(body);
    message
}

fn row(cells: &[&str]) -> Vec<u8> {
    let mut body = u16::try_from(cells.len()).unwrap().to_be_bytes().to_vec();
    for cell in cells {
        body.extend(u32::try_from(cell.len()).unwrap().to_be_bytes());
        body.extend(cell.as_bytes());
    }
    message(b'D', &body)
}

fn described() -> Vec<u8> {
    let mut body = b"\0\x02id\0".to_vec();
    body.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 23, 0, 4, 255, 255, 255, 255, 0, 0]);
    body.extend(b"na\xffme\0");
    body.extend([0, 0, 0, 0, 0, 0, 0, 0, 0, 25, 255, 255, 255, 255, 255, 255, 0, 0]);
    message(b'T', &body)
}

/// A bit of everything a server says.
fn conversation() -> Vec<u8> {
    [
        message(b'R', b"\0\0\0\0"),
        message(b'S', b"server_version\x0015.1\0"),
        message(b'K', b"\0\0\x01\x02\xff\0\0\x01"),
        message(b'Z', b"I"),
        message(b'N', b"SNOTICE\0VNOTICE\0C00000\0Mhello\0Dmore\0\0"),
        message(b'A', b"\0\0\0\x01channel\0payload\0"),
        described(),
        row(&["1", "one"]),
        row(&["2", "a name too long for its cell"]),
        row(&["3", "three"]),
        message(b'C', b"SELECT 3\0"),
        message(b'Z', b"T"),
        message(b'H', b"\0\0\0"),
        message(b'd', b"1\tone\n"),
        message(b'c', b""),
        message(b'C', b"COPY 1\0"),
        message(b'G', b"\0\0\0"),
        message(b'E', b"SERROR\0VERROR\0C42601\0Msyntax\0P12\0\0"),
        message(b'I', b""),
        message(b'Z', b"E"),
    ]
    .concat()
}

const WANTED: Wanted = Wanted {
    rows: RowLimits { rows_max: 2, cell_bytes_max: 12, bytes_max: 1 << 20 },
    copy: true,
    feed: false,
    private: false,
};

/// Events (adjacent COPY pieces joined) and forwarded bytes of the conversation cut at these places.
fn parse(pieces: &[&[u8]], wanted: &Wanted) -> (Vec<Event>, Vec<u8>) {
    let mut parser = Parser::default();
    let (mut events, mut forward, mut joined) = (Vec::new(), Vec::new(), Vec::<Event>::new());
    for piece in pieces {
        parser.feed(piece, wanted, &mut forward, &mut events).unwrap();
    }
    for event in events {
        match (joined.last_mut(), event) {
            (Some(Event::CopyData(before)), Event::CopyData(more)) => before.extend(more),
            (_, event) => joined.push(event),
        }
    }
    (joined, forward)
}

#[test]
fn every_kind_of_message_gives_its_event() {
    let (events, forward) = parse(&[&conversation()], &WANTED);
    let notice = ErrorCard {
        severity: "NOTICE".into(),
        sqlstate: "00000".into(),
        message: "hello".into(),
        detail: Some("more".into()),
        ..ErrorCard::default()
    };
    let error = ErrorCard {
        severity: "ERROR".into(),
        sqlstate: "42601".into(),
        message: "syntax".into(),
        ..ErrorCard::default()
    };
    let columns = vec![
        Column { name: "id".into(), numeric: true },
        Column { name: "na\\xFFme".into(), numeric: false },
    ];
    let some = |text: &str| Some(text.to_owned());
    let expected = [
        Event::Key { pid: 258, secret: 0xff00_0001 },
        Event::Ready(b'I'),
        Event::Notice(notice),
        Event::RowDescription(columns),
        Event::Row(Row { cells: vec![some("1"), some("one")], cut: false }),
        Event::Row(Row { cells: vec![some("2"), some("a name to…")], cut: true }),
        Event::CommandComplete { tag: "SELECT 3".into(), rows: 3 },
        Event::Ready(b'T'),
        Event::CopyData(b"1\tone\n".to_vec()),
        Event::CommandComplete { tag: "COPY 1".into(), rows: 0 },
        Event::CopyIn,
        Event::Error(error, Some(Position::InStatement(12))),
        Event::Ready(b'E'),
    ];
    assert_eq!(events, expected);
    let kept: Vec<u8> = [
        message(b'R', b"\0\0\0\0"),
        message(b'S', b"server_version\x0015.1\0"),
        message(b'K', b"\0\0\x01\x02\xff\0\0\x01"),
        message(b'Z', b"I"),
        message(b'C', b"SELECT 3\0"),
        message(b'Z', b"T"),
        message(b'C', b"COPY 1\0"),
        ERROR_STAND_IN.to_vec(),
        message(b'I', b""),
        message(b'Z', b"E"),
    ]
    .concat();
    assert_eq!(forward, kept);
}

#[test]
fn the_stand_in_states_its_own_length() {
    assert_eq!(message(b'E', &ERROR_STAND_IN[5..]), ERROR_STAND_IN);
}

#[test]
fn split_in_two_at_every_byte() {
    let bytes = conversation();
    let whole = parse(&[&bytes], &WANTED);
    for cut in 0..=bytes.len() {
        assert_eq!(parse(&[&bytes[..cut], &bytes[cut..]], &WANTED), whole, "cut at {cut}");
    }
    for step in 1..20 {
        assert_eq!(parse(&bytes.chunks(step).collect::<Vec<_>>(), &WANTED), whole, "pieces of {step}");
    }
}

#[test]
fn nothing_of_a_private_answer_is_forwarded() {
    let wanted = Wanted { private: true, ..Wanted::default() };
    let (events, forward) = parse(&[&conversation()], &wanted);
    assert!(forward.is_empty());
    assert_eq!(events.last(), Some(&Event::Ready(b'E')));
    assert!(!events.iter().any(|event| matches!(event, Event::Row(_) | Event::CopyData(_))));
}

#[test]
fn a_huge_message_is_not_kept() {
    let mut parser = Parser::default();
    let (mut events, mut forward) = (Vec::new(), Vec::new());
    let wanted = Wanted { rows: RowLimits::one(8), ..Wanted::default() };
    let cell: u32 = 500 << 20;
    let mut head = vec![b'D'];
    head.extend((cell + 4 + 2 + 4).to_be_bytes());
    head.extend([0, 1]);
    head.extend(cell.to_be_bytes());
    parser.feed(&head, &wanted, &mut forward, &mut events).unwrap();
    for _ in 0..500 {
        parser.feed(&vec![b'x'; 1 << 20], &wanted, &mut forward, &mut events).unwrap();
    }
    assert_eq!(events, [Event::Row(Row { cells: vec![Some("xxxxx…".into())], cut: true })]);
    events.clear();

    let mut notice = b"SNOTICE\0VNOTICE\0C00000\0M".to_vec();
    notice.resize(3 * BODY_BYTES_MAX, b'y');
    notice.extend(b"\0Hafter\0\0");
    parser.feed(&message(b'N', &notice), &wanted, &mut forward, &mut events).unwrap();
    let [Event::Notice(card)] = &events[..] else { panic!("{} events", events.len()) };
    assert!(card.message.len() <= card::FIELD_BYTES_MAX + 3 && card.message.ends_with("y…"));
    assert_eq!(card.hint.as_deref(), Some("after"));
    assert!(forward.is_empty());
}

/// Many columns make a row far larger than its cells: what is kept of a command has a limit of its own.
#[test]
fn rows_beyond_the_limit_of_all_are_only_counted() {
    let wanted = Wanted {
        rows: RowLimits { rows_max: 200, cell_bytes_max: 4096, bytes_max: 10_000 },
        ..Wanted::default()
    };
    let cell = "x".repeat(900);
    let bytes: Vec<u8> = std::iter::repeat_n(row(&[cell.as_str(); 4]), 50).flatten().collect();
    let bytes = [bytes, message(b'C', b"SELECT 50\0")].concat();
    let (events, _) = parse(&[&[bytes.clone(), bytes].concat()], &wanted);
    let kept = events.iter().filter(|event| matches!(event, Event::Row(_))).count();
    assert_eq!(kept, 2 * 3, "three rows reach the limit, of each of two commands");
    assert_eq!(events.last(), Some(&Event::CommandComplete { tag: "SELECT 50".into(), rows: 50 }));
}

#[test]
fn a_password_is_not_asked_for_in_clear_text() {
    for (kind, usable) in [(0_u32, true), (3, false), (5, true), (10, true)] {
        let asked = [message(b'R', &kind.to_be_bytes()), message(b'N', b"\0")].concat();
        for cut in 0..asked.len() {
            let mut parser = Parser::default();
            let (mut forward, mut events) = (Vec::new(), Vec::new());
            let mut passed_on = 0;
            let mut result = Ok(());
            for piece in [&asked[..cut], &asked[cut..]] {
                if result.is_ok() {
                    result = parser.feed(piece, &Wanted::default(), &mut forward, &mut events);
                    passed_on = if result.is_ok() { forward.len() } else { passed_on };
                }
            }
            assert_eq!(result, if usable { Ok(()) } else { Err(Unusable::ClearText) }, "{kind} cut at {cut}");
            assert_eq!(passed_on == 9, usable, "{kind} cut at {cut}: sqlx sees the whole question or never");
        }
    }
}

#[test]
fn what_cannot_be_a_server_is_malformed() {
    for bytes in [
        &b"HTTP/"[..3],
        b"HTTP/",
        &[b'Z', 0, 0, 0, 3],
        &[b'Z', 0, 0, 0, 4],
        b"T\0\0\0\x06\0\x05",
        b"K\0\0\0\x05\0",
    ] {
        let result = Parser::default().feed(bytes, &WANTED, &mut Vec::new(), &mut Vec::new());
        assert_eq!(result, if bytes.len() == 3 { Ok(()) } else { Err(Unusable::Malformed) }, "{bytes:?}");
    }
}

proptest! {
    #[test]
    fn any_bytes_in_any_pieces_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400), step in 1_usize..50) {
        let mut parser = Parser::default();
        for piece in bytes.chunks(step) {
            if parser.feed(piece, &WANTED, &mut Vec::new(), &mut Vec::new()).is_err() {
                break;
            }
        }
    }
}
