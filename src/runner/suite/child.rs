//! One child: in a group of its own, its output relayed, ended with all it started by STOP or at its deadline.

use super::processes::{self, Group};
use super::relay::{Kept, relay};
use crate::session::{Report, Source};
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;
use tokio::process::Command;

/// Output that is still on its way once a child has ended is waited for no longer than this.
const DRAIN_MAX: Duration = Duration::from_secs(2);

/// Runs a command whose environment, standard input and output are set, says what it prints, and keeps so many bytes
/// of both streams as are wanted. Returns its exit code.
///
/// # Errors
/// In words, when it cannot be started or was killed.
pub(in crate::runner) async fn run(
    mut command: Command,
    timeout_ms: u64,
    (group, mark): (&Group, &str),
    say: &(dyn Fn(Report) + Send + Sync),
    wanted: (usize, usize),
    (out, err): (&mut Kept, &mut Kept),
) -> Result<i32, String> {
    command.env(processes::MARK, mark).stderr(Stdio::piped()).process_group(0).kill_on_drop(true);
    #[cfg(target_os = "linux")]
    super::kin::adopt(true);
    let mut child = command.spawn().map_err(|error| {
        let program = command.as_std().get_program().to_string_lossy();
        format!("cannot start '{program}': {error}")
    })?;
    // It holds files that others wait to see closed.
    drop(command);
    if let Some(pid) = child.id().and_then(|id| rustix::process::Pid::from_raw(i32::try_from(id).ok()?)) {
        group.set(pid, mark);
    }
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let work = async {
        let mut relays = pin!(async {
            tokio::join!(
                relay(stdout, Source::Stdout, say, wanted.0, out),
                relay(stderr, Source::Stderr, say, wanted.1, err)
            )
        });
        let mut open = true;
        let status = loop {
            tokio::select! {
                _ = &mut relays, if open => open = false,
                status = child.wait() => break status,
            }
        };
        // What it left running would hold its output open, and go on while the next check looks.
        group.clear(mark);
        if open {
            let _ = tokio::time::timeout(DRAIN_MAX, relays).await;
        }
        status
    };
    let ended = tokio::time::timeout(Duration::from_millis(timeout_ms), work).await;
    if ended.is_err() {
        group.kill_running();
        let _ = child.wait().await;
    }
    group.clear(mark);
    #[cfg(target_os = "linux")]
    super::kin::adopt(false);
    match ended {
        Ok(Ok(status)) => status.code().ok_or_else(|| format!("killed: {status}")),
        Ok(Err(error)) => Err(format!("cannot wait for it: {error}")),
        Err(_) => Err(format!("killed after {timeout_ms} ms")),
    }
}
