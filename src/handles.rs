//! Open files and connections: how many the process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Raises the limit to what the system allows. The usual one, 1,024, is there for programs that wait with `select`,
/// and a large log with its connections needs more.
pub fn raise_limit() {
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    // Refused, the process goes on with what it has.
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
}
