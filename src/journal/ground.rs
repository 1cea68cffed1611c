//! Where a record may lie: in a file with one name, on a disk of this machine; and how what was read of it is known to
//! be on that disk.

use super::file::{JournalError, failed};
use super::plain;
use rustix::fs::{FsWord, Mode, OFlags, fstatfs, open};
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, fchown};
use std::path::{Path, PathBuf};

/// File systems of other machines, by the number the kernel gives them: one machine's lock says nothing to another.
const NETWORK: &[(u32, &str)] = &[
    (0x6969, "NFS"),
    (0xFF53_4D42, "CIFS"),
    (0xFE53_4D42, "SMB"),
    (0x517B, "SMB"),
    (0x0102_1997, "9P"),
    (0x00C3_6400, "Ceph"),
    (0x5346_414F, "AFS"),
    (0x6B41_4653, "AFS"),
    (0x7375_7245, "Coda"),
    (0x7461_636F, "OCFS2"),
    (0x0116_1970, "GFS2"),
    (0x0BD0_0BD0, "Lustre"),
    (0x564C, "NetWare"),
];

/// Opens the record that is at `path`; a link is not followed.
pub(super) fn existing(path: &Path) -> Result<File, JournalError> {
    let flags = OFlags::RDWR | OFlags::APPEND | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    match open(path, flags, Mode::empty()) {
        Ok(file) => Ok(file.into()),
        Err(rustix::io::Errno::LOOP) => Err(unfit(path, "it is a link to another file", ITS_OWN)),
        Err(error) => Err(failed("open", path)(error.into())),
    }
}

const ITS_OWN: &str =
    "give the session a file of its own: cp it to another name, and mv that back in its place";

fn unfit(path: &Path, why: impl Into<String>, next: &str) -> JournalError {
    JournalError::Unfit { path: path.to_owned(), why: why.into(), next: next.to_owned() }
}

/// Whether `file`, which was opened at `path` and is locked, is one that a lock protects.
pub(super) fn check(file: &File, path: &Path) -> Result<(), JournalError> {
    let opened = file.metadata().map_err(failed("look at", path))?;
    let named = fs::symlink_metadata(path).map_err(failed("look at", path))?;
    if !opened.is_file() {
        return Err(unfit(path, "it is no regular file", "restore it from a copy"));
    }
    // Somebody went on with it, and put the file that they went on with in its place, before the lock was ours.
    if (opened.dev(), opened.ino()) != (named.dev(), named.ino()) {
        return Err(JournalError::Locked(path.to_owned(), None));
    }
    if opened.nlink() > 1 {
        let why = format!(
            "the file has {} names: who has it open by another one writes into this session",
            opened.nlink()
        );
        return Err(unfit(path, why, ITS_OWN));
    }
    let kind =
        fstatfs(file).map_err(|error| failed("look at the file system of", path)(error.into()))?.f_type;
    if let Some(name) = network(kind) {
        let why =
            format!("it is on {name}, a file system of another machine: its locks and syncs do not hold");
        return Err(unfit(path, why, "put the session on a disk of this machine: --session DIR"));
    }
    Ok(())
}

/// Who holds the lock of a file, for a person: `ceremony, process 4711`. Where the system does not say, nobody knows.
pub(super) fn holder(file: &File) -> Option<String> {
    let inode = file.metadata().ok()?.ino();
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let pid = locked_by(&locks, inode)?;
    let name = fs::read_to_string(format!("/proc/{pid}/comm")).unwrap_or_default();
    let name: String = name.trim().chars().filter(|letter| letter.is_ascii_graphic()).collect();
    Some(format!("{}process {pid}", if name.is_empty() { String::new() } else { format!("{name}, ") }))
}

/// `1: FLOCK  ADVISORY  WRITE 7240 fe:00:11185479 0 EOF`. The device is left out: some file systems give another one
/// here than elsewhere.
fn locked_by(locks: &str, inode: u64) -> Option<u32> {
    let words = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let mut held = words.filter_map(|words| match words[..] {
        [_, "FLOCK", _, _, pid, place, ..] => {
            Some((pid.parse().ok()?, place.rsplit(':').next()?.parse().ok()?))
        }
        _ => None,
    });
    held.find(|(_, number): &(u32, u64)| *number == inode).map(|(pid, _)| pid)
}

/// What a file system of another machine is called; `None` for one of this machine.
fn network(kind: FsWord) -> Option<&'static str> {
    // The kernel's number has 32 bits, its type more of them on some machines.
    let bits = u32::try_from(kind & 0xFFFF_FFFF).ok()?;
    NETWORK.iter().find(|(number, _)| *number == bits).map(|(_, name)| *name)
}

/// Puts `bytes` into a file that takes the place of the one at `path`, if there is one; all of it is on disk when this
/// returns, and at every moment before the old file is there or the new one. What was only in memory, or was said to
/// be on disk by a sync that failed once and is silent since, is written anew so. It is locked before it has the name.
pub(super) fn put(path: &Path, bytes: &[u8], like: Option<&File>) -> Result<File, JournalError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let new = PathBuf::from(format!("{}.new", path.display()));
    let written = || -> io::Result<File> {
        // Left by a program that was killed here. The caller holds the lock, so that nobody is at work on it.
        if let Err(error) = fs::remove_file(&new)
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&new)?;
        file.lock()?;
        if let Some(old) = like {
            let (old, now) = (old.metadata()?, file.metadata()?);
            // Root goes on with somebody's session: it stays theirs.
            if (old.uid(), old.gid()) != (now.uid(), now.gid()) {
                fchown(&file, Some(old.uid()), Some(old.gid()))?;
            }
            file.set_permissions(old.permissions())?;
        }
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        File::open(folder)?.sync_all()?;
        Ok(file)
    };
    written().map_err(failed("write anew", path))
}

/// Keeps the torn end of a record before entry `entry`. Returns how many torn bytes are kept that no entry tells of:
/// also those of programs that were killed before they could.
pub(super) fn keep_torn(path: &Path, entry: u64, torn: &[u8]) -> Result<usize, JournalError> {
    let mut known = 0;
    let mut kept = torn.is_empty();
    for turn in 1_u32.. {
        let turn = if turn == 1 { String::new() } else { format!(".{turn}") };
        let aside = PathBuf::from(format!("{}.torn-{entry}{turn}", path.display()));
        match plain::read(&aside) {
            Ok(bytes) => {
                kept |= bytes == torn;
                known += bytes.len();
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if !kept {
                    put(&aside, torn, None)?;
                    known += torn.len();
                }
                break;
            }
            // Planted: its name is taken, and that is all.
            Err(_) if fs::symlink_metadata(&aside).is_ok_and(|there| !there.is_file()) => {}
            Err(error) => return Err(failed("keep the torn end of", path)(error)),
        }
    }
    Ok(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_systems_of_other_machines_are_known_by_their_number() {
        assert_eq!(network(0x6969), Some("NFS"));
        assert_eq!(network(0xFF53_4D42), Some("CIFS"));
        for local in [0xEF53, 0x0102_1994, 0x9123_683E, 0x5846_5342, 0x794C_7630, 0x6573_5546] {
            assert_eq!(network(local), None, "{local:x}");
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        check(file.as_file(), file.path()).unwrap();
    }

    #[test]
    fn who_holds_a_lock_is_read_from_the_system() {
        let locks = "1: POSIX  ADVISORY  WRITE 9 fe:00:42 0 EOF\n1: -> FLOCK  ADVISORY  WRITE 8 fe:00:42 0 EOF\n\
                     2: FLOCK  ADVISORY  WRITE 7 fe:00:42 0 EOF\n";
        assert_eq!(locked_by(locks, 42), Some(7));
        assert_eq!(locked_by(locks, 4), None);
    }

    #[test]
    fn torn_ends_are_kept_once_each_and_counted_until_an_entry_tells_of_them() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("session.jsonl");
        assert_eq!(keep_torn(&path, 7, b"").unwrap(), 0);
        assert_eq!(keep_torn(&path, 7, b"{\"n\":7").unwrap(), 6);
        // Killed before the cut, and after it.
        assert_eq!(keep_torn(&path, 7, b"{\"n\":7").unwrap(), 6);
        assert_eq!(keep_torn(&path, 7, b"").unwrap(), 6);
        assert_eq!(keep_torn(&path, 7, b"{\"n").unwrap(), 9, "another one is kept beside it");
        assert_eq!(keep_torn(&path, 8, b"").unwrap(), 0);
        assert_eq!(fs::read(folder.path().join("session.jsonl.torn-7.2")).unwrap(), b"{\"n");
    }
}
