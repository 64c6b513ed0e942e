//! What a process asks of the operating system for itself, once, before it reads any key.

use std::io;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Keeps the memory of this process out of core dumps and away from debuggers of the same user. For processes that
/// hold card numbers or keys. A later `execve` of a set-user-id program aside, this cannot be undone from outside.
///
/// # Errors
/// When the operating system refuses; the process should then not start.
pub fn protect_memory() -> io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // A core that is piped to a handler is made in spite of the limit, but not of a process that is not dumpable.
    #[cfg(target_os = "linux")]
    rustix::process::set_dumpable_behavior(rustix::process::DumpableBehavior::NotDumpable)?;
    Ok(())
}

/// Allows this process as many open files as an unprivileged process may ask for. The usual 1,024 are fewer than the
/// connections that a listener serves.
///
/// # Errors
/// When the operating system refuses; the process can go on with fewer.
pub fn raise_open_files() -> io::Result<()> {
    let limit = getrlimit(Resource::Nofile);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum })?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    // Each test has a process of its own under nextest; under `cargo test` the limits of the test process change,
    // which no other test minds.

    #[cfg(target_os = "linux")]
    #[test]
    fn memory_is_kept_out_of_core_dumps() {
        protect_memory().unwrap();
        let core = getrlimit(Resource::Core);
        assert_eq!((core.current, core.maximum), (Some(0), Some(0)));
        let dumpable = rustix::process::dumpable_behavior().unwrap();
        assert_eq!(dumpable, rustix::process::DumpableBehavior::NotDumpable);
    }

    #[test]
    fn the_limit_of_open_files_is_raised_to_what_is_allowed() {
        raise_open_files().unwrap();
        let limit = getrlimit(Resource::Nofile);
        assert_eq!(limit.current, limit.maximum);
    }
}
