//! Who uses the program.

use super::Common;

/// Who uses the program, by option or by account.
pub(super) fn name(common: &Common) -> String {
    let known = |name: &str| std::env::var(name).ok().filter(|value| !value.trim().is_empty());
    let named = common.settings.get("operator").0.or(common.operator.as_deref());
    named
        .map(str::to_owned)
        .or_else(|| known("USER"))
        .or_else(|| known("LOGNAME"))
        .or_else(account_name)
        .unwrap_or_else(|| format!("uid {}", rustix::process::getuid().as_raw()))
}

/// The account's name in /etc/passwd, for shells that set no USER.
fn account_name() -> Option<String> {
    let uid = rustix::process::getuid().as_raw().to_string();
    let passwd = std::fs::read_to_string("/etc/passwd").ok()?;
    passwd.lines().find_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        (fields.nth(1)? == uid).then(|| name.to_owned())
    })
}
