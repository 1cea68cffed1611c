//! What this process leaves and shows is nobody else's: new files, memory, cores.

use rustix::fs::Mode;
use rustix::process::{Resource, Rlimit, setrlimit, umask};

/// From here on new files are this user's alone, and no core is written, of this program or of its children: a core
/// holds passwords. What the system does not allow is left as it is.
pub fn keep_to_ourselves() {
    umask(Mode::RWXG | Mode::RWXO);
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    #[cfg(target_os = "linux")]
    let _ = rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable);
}
