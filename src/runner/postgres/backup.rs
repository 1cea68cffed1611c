//! Rows copied out into the session's folder: counted, hashed as they stream by, synced, and read back.

use super::attempt::Attempt;
use super::backend::Backend;
use super::restore::{PutBack, script};
use super::table::Table;
use crate::plan::Subject;
use crate::runner::files::{Hashing, sha256};
use crate::runner::session_folder;
use crate::session::*;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

/// How much of a file is read at once, bytes.
const CHUNK_BYTES: usize = 256 << 10;

/// A file as it was written or read.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub(super) sha256: String,
    bytes: u64,
    /// Lines: COPY writes a line break within a value as `\n`.
    pub(super) rows: u64,
}

/// Reads a file back from the disk.
fn read_back(path: &Path) -> io::Result<Sum> {
    let mut file = File::open(path)?;
    // What the kernel still holds is written by now; what is read is to come from the disk.
    let _ = rustix::fs::fadvise(&file, 0, None, rustix::fs::Advice::DontNeed);
    let mut hashing = Hashing::new(io::sink());
    let mut chunk = vec![0; CHUNK_BYTES];
    let mut rows = 0;
    loop {
        let read = match file.read(&mut chunk) {
            Ok(0) => break,
            Ok(read) => &chunk[..read],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        hashing.write_all(read)?;
        rows += read.iter().filter(|byte| **byte == b'\n').count() as u64;
    }
    let (_, sha256, bytes) = hashing.finish();
    Ok(Sum { sha256, bytes, rows })
}

/// Removes a file that is not whole, whatever ends the work on it.
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl Attempt {
    /// Copies the rows of a table out for a step that changes nothing: count and copy see the same moment.
    ///
    /// # Errors
    /// Of the server, the connection or the file system.
    pub async fn back_up(&self, backend: &mut Backend, table: &str) -> Result<(), Failure> {
        self.run(backend, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        self.copy_rows(backend, table).await?;
        self.run(backend, "ROLLBACK").await?;
        Ok(())
    }

    /// Copies the rows out that the script will delete, under a lock that lets none slip in behind the copy.
    ///
    /// # Errors
    /// Of the server, the connection or the file system.
    pub async fn back_up_what_dies(&self, backend: &mut Backend) -> Result<(), Failure> {
        for check in &self.step.checks {
            if let Subject::Backup(name) = &check.subject {
                if let Some(table) = self.table(backend, name).await? {
                    let lock = format!("LOCK TABLE {} IN SHARE ROW EXCLUSIVE MODE", table.name);
                    self.run(backend, &lock).await?;
                }
                self.copy_rows(backend, name).await?;
            }
        }
        Ok(())
    }

    async fn copy_rows(&self, backend: &mut Backend, name: &str) -> Result<(), Failure> {
        let nothing = |rows| Observation::Backup {
            table: name.to_owned(),
            rows,
            sha256: None,
            path: None,
            script: None,
            script_sha256: None,
        };
        let relative = format!("backup/{name}-{}.copy", self.id.number);
        let path = self.room.session.join(&relative);
        // The same settings: a policy that hides rows is an error, not a smaller copy.
        self.meter_ready(backend).await?;
        let Some(table) = self.table(backend, name).await? else {
            self.observe(nothing(None));
            return self.meter_done(backend).await;
        };
        let counted = self.count(backend, name).await?.unwrap_or_default();
        let sum = self.copy_to(backend, &table, &path, counted).await?;
        self.meter_done(backend).await?;
        let written = if counted == 0 { None } else { Some(self.write_script(name, &table, &sum)?) };
        let (script, script_sha256) = written.unzip();
        self.say(Report::Printed {
            source: Source::Runner,
            text: format!(
                "{counted} rows of {name} copied to {relative}, {} bytes, read back and the same\n",
                sum.bytes
            ),
        });
        self.observe(Observation::Backup {
            table: name.to_owned(),
            rows: Some(counted),
            sha256: Some(sum.sha256),
            path: Some(relative),
            script,
            script_sha256,
        });
        Ok(())
    }

    /// Copies the rows to a file that has its name only once it is whole and was read back.
    pub(super) async fn copy_to(
        &self,
        backend: &mut Backend,
        table: &Table,
        path: &Path,
        counted: u64,
    ) -> Result<Sum, Failure> {
        let failed = |error: io::Error| no_backup(&table.name, path, &error.to_string());
        let folder = path.parent().unwrap_or(Path::new("."));
        session_folder::make_private(folder).map_err(failed)?;
        let unfinished = PathBuf::from(format!("{}.unfinished", path.display()));
        let file = std::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&unfinished)
            .map_err(failed)?;
        let partial = Partial(unfinished);
        let mut out = Hashing::new(io::BufWriter::new(file));
        let columns = table.list("");
        // Not CSV: psql takes a line `\.` within quotes for the end of the file.
        let copy = format!("COPY (SELECT {columns} FROM {}) TO STDOUT", table.name);
        let copied = match backend.copy_out(&copy, &mut out).await {
            Ok(copied) => copied,
            Err(super::backend::DbError::Unusable(what)) => {
                return Err(no_backup(&table.name, path, &what));
            }
            Err(error) => return Err(self.failure(error, None)),
        };
        let (buffer, sha256, bytes) = out.finish();
        let file = buffer.into_inner().map_err(|error| failed(error.into_error()))?;
        file.sync_all().map_err(failed)?;
        drop(file);
        let written = Sum { sha256, bytes, rows: copied };
        let read = read_back(&partial.0).map_err(failed)?;
        if read != written || copied != counted {
            let what = format!(
                "{counted} rows were counted; {copied} rows, {} bytes, sha256 {} were written; {} rows, {} bytes, sha256 {} were read back",
                written.bytes, written.sha256, read.rows, read.bytes, read.sha256
            );
            return Err(no_backup(&table.name, path, &what));
        }
        std::fs::rename(&partial.0, path).map_err(failed)?;
        File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)?;
        Ok(read)
    }

    /// Writes the script that puts the rows back, beside them; returns its path within the session folder
    /// and its checksum.
    fn write_script(&self, name: &str, table: &Table, sum: &Sum) -> Result<(String, String), Failure> {
        let relative = format!("backup/restore-{name}-{}.sql", self.id.number);
        let path = self.room.session.join(&relative);
        let failed = |error: io::Error| no_backup(name, &path, &error.to_string());
        let text = script(
            &PutBack::new(table, sum.rows),
            &format!("{name}-{}.copy", self.id.number),
            &sum.sha256,
            &format!("{} ({})", self.id, self.step.id),
        );
        let folder = self.room.session.join("backup");
        session_folder::replace(&folder, &format!("restore-{name}-{}.sql", self.id.number), text.as_bytes())
            .map_err(failed)?;
        Ok((relative, sha256(text.as_bytes())))
    }
}

/// No backup, no deletion.
fn no_backup(table: &str, path: &Path, why: &str) -> Failure {
    Failure::Blocked {
        what: format!(
            "the rows of {table} are not backed up, so nothing was deleted: cannot write {}: {why}",
            path.display()
        ),
        next: "free space or mend the folder, then answer the gate again".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_back_is_hashed_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.copy");
        let text = "1\ttwo\\nlines\n2\t\\N\n3\t\n";
        std::fs::write(&path, text).unwrap();
        let sum = read_back(&path).unwrap();
        assert_eq!((sum.rows, sum.bytes), (3, text.len() as u64));
        assert_eq!(sum.sha256, crate::runner::files::sha256(text.as_bytes()));
        // What was cut short is not what was written.
        std::fs::write(&path, &text[..text.len() - 2]).unwrap();
        assert_ne!(read_back(&path).unwrap(), sum);
    }
}
