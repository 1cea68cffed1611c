//! Tells the team: the definition's command, with the words on its standard input.

use crate::session::Report;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

/// How long the command may take.
const TELL_MAX: Duration = Duration::from_secs(30);

/// Runs `command` in `folder` and reports how it ended. It gets PATH, HOME and the locale, and no more.
pub async fn tell(command: &[String], folder: &Path, text: &str) -> Report {
    let failed = |what: String| Report::Told { exit_code: None, error: Some(what) };
    let Some((program, arguments)) = command.split_first() else {
        return failed("there is no command".to_owned());
    };
    let environment = ["PATH", "HOME", "LANG", "LC_ALL", "USER", "TMPDIR"];
    let spawned = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .envs(environment.iter().filter_map(|name| Some((name, std::env::var_os(name)?))))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .process_group(0)
        .kill_on_drop(true)
        .spawn();
    let mut child = match spawned {
        Ok(child) => child,
        Err(error) => return failed(format!("cannot start '{program}': {error}")),
    };
    let work = async {
        if let Some(mut stdin) = child.stdin.take() {
            // A command that does not read is judged by its exit code.
            let _ = stdin.write_all(text.as_bytes()).await;
        }
        child.wait().await
    };
    match tokio::time::timeout(TELL_MAX, work).await {
        Ok(Ok(status)) => Report::Told { exit_code: status.code(), error: None },
        Ok(Err(error)) => failed(format!("cannot wait for '{program}': {error}")),
        Err(_) => failed(format!("'{program}' was killed after {} s", TELL_MAX.as_secs())),
    }
}
