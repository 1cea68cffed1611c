//! E13: two operators at once, in two session folders and in one.

use crate::effort::{effort, figures};
use crate::mini::*;
use crate::room::*;

const ROWS: &str = "SELECT count(*) FROM ceremony.ledger WHERE ceremony = 'mini'";

fn once(room: &Room) -> Answers {
    room.yes().with("apply/mini", &["{phrase}"]).with("backup", &["{phrase}"])
}

/// Two sessions on one database. Returns whether the second heard of it only at its own step.
fn two_folders(server: &Own) -> bool {
    let rooms = [mini(GOOD), mini(GOOD)];
    let url = server.url();
    let start =
        |room: &Room| room.spawn(room.answered(&["run", "--session", "session", "--url", &url], &once(room)));
    let running = [start(&rooms[0]), start(&rooms[1])];
    let ended = running.map(Running::end);
    assert_eq!([server.ask(LEFT).as_str(), &server.ask(ROWS)], [ONCE, "1"]);
    let winners = rooms.iter().filter(|room| room.events("step-committed").len() == 1).count();
    assert_eq!(winners, 1, "{ended:#?}");
    let [first, second] = ended;
    let (winner, loser) = if first.code == Some(0) { (first, second) } else { (second, first) };
    assert_eq!((winner.code, loser.code), (Some(0), Some(3)), "{}\n{}", winner.said(), loser.said());
    let said = loser.said();
    let at_its_step = said.contains("'mini' is applied already, by attempt");
    assert!(at_its_step || said.contains("another ceremony is open on this database"), "{said}");
    rooms.iter().for_each(|room| drop(room.verify().with(0)));
    at_its_step
}

/// Two programs on one session.
fn one_folder(server: &Own) {
    let room = mini(GOOD);
    let url = server.url();
    run_on(&room, &url, &room.yes().without("apply/mini")).with(3);
    let resume = ["resume", "session", "--url", &url];
    let start = || room.spawn(room.answered(&resume, &room.yes()));
    let running = [start(), start()];
    let ended = running.map(Running::end);
    assert_eq!([server.ask(LEFT).as_str(), &server.ask(ROWS)], [ONCE, "1"], "{ended:#?}");
    assert_eq!(room.events("step-committed").len(), 1);
    let refused = ended
        .iter()
        .filter(|ended| ended.code == Some(2) && ended.said().contains("session.jsonl is in use"));
    // The one may have ended before the other began.
    let late = ended.iter().filter(|ended| ended.code == Some(0)).count() == 2;
    assert!(refused.count() == 1 || late, "{ended:#?}");
    room.verify().with(0);
}

#[test]
fn of_two_operators_one_applies() {
    let server = used();
    let runs = 5 * usize::try_from(effort()).unwrap();
    let (mut both, mut late) = (0, 0);
    for run in 0..runs {
        if run % 5 < 3 {
            both += 1;
            late += usize::from(two_folders(&server));
        } else {
            one_folder(&server);
        }
        server.ask(BACK);
    }
    let other = runs - both;
    figures(
        "E13",
        &format!(
            "{runs} races, {both} from two folders ({late} met at the step itself) and {other} from one: applied once {runs} times, twice 0"
        ),
    );
}
