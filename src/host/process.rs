//! Identities of processes, which tell whether one that is recorded somewhere still lives.

use std::fs;
use std::io::ErrorKind;

use rustix::io::Errno;
use rustix::process::{Pid, test_kill_process};
use serde::{Deserialize, Serialize};

/// A process of some machine. A number alone is none: the machine gives it to another one later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// Random id of the machine's boot; empty where the system has none.
    pub boot: String,
    /// Namespaces in which number and start count; empty where the system has none.
    pub namespace: String,
    pub pid: u32,
    /// Start, in ticks since the boot; 0 where it can't be told.
    pub started: u64,
}

impl ProcessIdentity {
    /// Returns the identity of this process.
    pub fn own() -> ProcessIdentity {
        let pid = std::process::id();
        let started = match stat(pid) {
            Stat::Running { started } if is_own_proc() => started,
            _ => 0,
        };
        ProcessIdentity { boot: boot(), namespace: namespace(), pid, started }
    }

    /// Returns whether the process is provably gone: it was one of this boot and of this namespace, and isn't there. Of
    /// any other process, nothing is known.
    pub fn is_gone(&self) -> bool {
        let is_here = is_own_proc()
            && !self.boot.is_empty()
            && !self.namespace.is_empty()
            && self.boot == boot()
            && self.namespace == namespace();
        is_here
            && self.started > 0
            && match stat(self.pid) {
                Stat::Gone => true,
                Stat::Running { started } => started != self.started,
                Stat::Unknown => false,
            }
    }
}

/// Returns the name of this machine.
pub fn host_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

/// Returns the name of the user who runs this process, or else its number.
pub fn user_name() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let number = || format!("user {}", rustix::process::geteuid().as_raw());
    variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(number)
}

enum Stat {
    Running {
        started: u64,
    },
    /// Not there, or dead and waiting for its parent to hear of it.
    Gone,
    Unknown,
}

/// Returns whether `/proc` is that of this process's namespace.
fn is_own_proc() -> bool {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    text.split(' ').next().and_then(|pid| pid.parse().ok()) == Some(std::process::id())
}

/// Returns whether there is a process of this number, whoever's it is.
fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
    pid.is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

fn boot() -> String {
    let id = fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap_or_default();
    id.trim().to_string()
}

fn namespace() -> String {
    let link = |name: &str| fs::read_link(format!("/proc/self/ns/{name}"));
    let text = |link: std::path::PathBuf| link.to_string_lossy().into_owned();
    // Older systems have no namespaces of time.
    let time = link("time").map(text).unwrap_or_default();
    link("pid").map(|pid| format!("{} {time}", text(pid))).unwrap_or_default()
}

/// Reads the state of a process as proc(5) has it: the name is in parentheses and may hold some itself; behind it come
/// the state, first, and the start, twentieth.
fn stat(pid: u32) -> Stat {
    let text = match fs::read_to_string(format!("/proc/{pid}/stat")) {
        Ok(text) => text,
        // Those of other users may be hidden.
        Err(error) if error.kind() == ErrorKind::NotFound && !is_alive(pid) => return Stat::Gone,
        Err(_) => return Stat::Unknown,
    };
    let Some((_, fields)) = text.rsplit_once(')') else { return Stat::Unknown };
    let fields: Vec<&str> = fields.split_whitespace().collect();
    match (fields.first(), fields.get(19).and_then(|field| field.parse().ok())) {
        (Some(&("Z" | "X")), _) => Stat::Gone,
        (_, Some(started)) => Stat::Running { started },
        _ => Stat::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::Command;

    #[test]
    fn only_a_process_of_this_machine_can_be_gone() {
        let own = ProcessIdentity::own();
        assert!(!own.is_gone() && own.started > 0, "{own:?}");
        let reused = ProcessIdentity { started: own.started - 1, ..own.clone() };
        assert!(reused.is_gone(), "its number is another one's now");
        let mut child = Command::new("sleep").arg("60").spawn().expect("a process");
        let Stat::Running { started } = stat(child.id()) else { panic!("it runs") };
        let sleeping = ProcessIdentity { pid: child.id(), started, ..own };
        assert!(!sleeping.is_gone());
        child.kill().expect("it can be killed");
        let begun = std::time::Instant::now();
        while !sleeping.is_gone() {
            assert!(
                begun.elapsed().as_secs() < 20,
                "a dead one counts as gone before its parent waits for it"
            );
            std::thread::yield_now();
        }
        child.wait().expect("it was started here");
        assert!(sleeping.is_gone());
        assert!(!ProcessIdentity { boot: "another".into(), ..sleeping.clone() }.is_gone());
        assert!(!ProcessIdentity { namespace: "pid:[1]".into(), ..sleeping.clone() }.is_gone());
        assert!(!ProcessIdentity { boot: String::new(), ..sleeping }.is_gone());
    }
}
