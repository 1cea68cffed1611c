//! The user the server runs as: ourselves, or another one when we are root, since the server refuses root.

use super::ServerError;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// A user of this machine that is not root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub name: String,
    pub uid: u32,
    pub gid: u32,
}

impl Account {
    /// `None` when we are not root: the server then runs as we do.
    pub fn of_the_server() -> Result<Option<Account>, ServerError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(None);
        }
        let users =
            fs::read_to_string("/etc/passwd").map_err(|e| ServerError::io("cannot read /etc/passwd", &e))?;
        find(&users).map(Some).ok_or_else(|| {
            ServerError::new(
                "the embedded server has no user to run as",
                "we are root, PostgreSQL refuses root, and there is neither a user postgres nor nobody",
                "run as an ordinary user, or add one: useradd --system postgres",
            )
        })
    }

    /// Whether the user may pass through `folder` and everything above it, by their mode bits.
    pub fn can_reach(&self, folder: &Path) -> bool {
        folder.ancestors().all(|it| {
            fs::metadata(it).is_ok_and(|meta| {
                let bit = match () {
                    () if meta.uid() == self.uid => 0o100,
                    () if meta.gid() == self.gid => 0o010,
                    () => 0o001,
                };
                meta.mode() & bit != 0
            })
        })
    }
}

fn find(users: &str) -> Option<Account> {
    ["postgres", "nobody"].iter().find_map(|name| {
        users.lines().find_map(|line| {
            let mut fields = line.split(':');
            let found = fields.next() == Some(name);
            let (uid, gid) = (number(fields.nth(1)?)?, number(fields.next()?)?);
            (found && uid != 0).then(|| Account { name: (*name).into(), uid, gid })
        })
    })
}

/// Some systems write `nobody` as -2.
fn number(text: &str) -> Option<u32> {
    let number: i64 = text.parse().ok()?;
    u32::try_from(if number < 0 { number + (1 << 32) } else { number }).ok()
}

/// A command that runs as the server's user, in a clean environment, with no input, messages in English, and in a
/// folder that every user can read.
pub(super) fn command(program: &Path, account: Option<&Account>) -> Command {
    let mut command = Command::new(program);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("LC_ALL", "C")
        .env("TZ", "UTC")
        .current_dir("/")
        .stdin(Stdio::null());
    if let Some(account) = account {
        // The standard library clears the supplementary groups when root becomes somebody else.
        command.uid(account.uid).gid(account.gid);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn postgres_comes_before_nobody_and_root_never() {
        let users = "root:x:0:0::/root:/bin/sh\nnobody:x:-2:-2::/:/bin/false\npostgres:x:26:27::/:/bin/sh\n";
        assert_eq!(find(users), Some(Account { name: "postgres".into(), uid: 26, gid: 27 }));
        assert_eq!(find("nobody:x:-2:-2::/:/").map(|it| it.uid), Some(u32::MAX - 1));
        assert_eq!(find("postgres:x:0:0::/:/\nbroken"), None);
    }
}
