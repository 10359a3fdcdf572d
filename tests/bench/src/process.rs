//! Processes: on which core they run, what they cost, and how they begin and end.

use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use rustix::thread::{CpuSet, sched_setaffinity};

/// Servers that are measured alone run here.
pub(crate) const SERVER_CORE: usize = 0;
/// Who asks them runs here.
pub(crate) const CLIENT_CORE: usize = 1;
/// A log of 20 million entries is open after less.
const START_LIMIT: Duration = Duration::from_secs(300);
/// And closed after less.
const END_LIMIT: Duration = Duration::from_secs(60);

/// The program `name` that a build of this workspace puts beside this one.
///
/// # Errors
/// It is not there.
pub(crate) fn program(name: &str) -> anyhow::Result<PathBuf> {
    let path = std::env::current_exe()?.with_file_name(name);
    if !path.exists() {
        bail!("{} is missing: cargo build --release -p {name}", path.display());
    }
    Ok(path)
}

/// Where programs of others are kept, in the build directory.
///
/// # Errors
/// This program is not where a build puts it.
pub(crate) fn peers() -> anyhow::Result<PathBuf> {
    let build = program("bench")?;
    Ok(build.ancestors().nth(2).context("a build has a directory")?.join("peers"))
}

/// What a command prints that ends by itself.
///
/// # Errors
/// It can not be started, or fails; the last line that it said.
pub(crate) fn output(command: &mut Command) -> anyhow::Result<Vec<u8>> {
    let program = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("{program} can not be started"))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{program} failed: {}", said.lines().last().unwrap_or("it does not say why"));
    }
    Ok(output.stdout)
}

/// `program` on one core, or wherever the system puts it.
pub(crate) fn command(program: impl AsRef<OsStr>, core: Option<usize>) -> Command {
    match core.filter(|_| cores() > 1) {
        Some(core) => {
            let mut command = Command::new("taskset");
            command.arg("-c").arg(core.to_string()).arg(program);
            command
        }
        None => Command::new(program),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// Does `work` on one core, on a thread and a runtime of its own.
///
/// # Errors
/// Those of the work, or a core that there is not.
pub(crate) fn on_core<T: Send, F: Future<Output = anyhow::Result<T>>>(
    core: usize,
    work: impl FnOnce() -> F + Send,
) -> anyhow::Result<T> {
    let pinned = cores() > 1;
    let here = move || {
        if pinned {
            let mut cores = CpuSet::new();
            cores.set(core);
            sched_setaffinity(None, &cores).with_context(|| format!("there is no core {core}"))?;
        }
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(work())
    };
    std::thread::scope(|scope| scope.spawn(here).join())
        .unwrap_or_else(|_| bail!("the work on core {core} panicked"))
}

/// Does `work` on all cores.
///
/// # Errors
/// Those of the work.
pub(crate) fn on_all_cores<T>(work: impl Future<Output = anyhow::Result<T>>) -> anyhow::Result<T> {
    tokio::runtime::Runtime::new()?.block_on(work)
}

/// Processor time of a process so far, user and system.
///
/// # Errors
/// There is no such process.
pub(crate) fn cpu(pid: u32) -> anyhow::Result<Duration> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields = stat.rsplit(") ").next().context("a process has a name")?;
    let ticks: Vec<u64> =
        fields.split(' ').skip(11).take(2).map(str::parse).collect::<Result<_, _>>()?;
    // A tick is a hundredth of a second on every Linux.
    Ok(Duration::from_millis(ticks.iter().sum::<u64>() * 10))
}

/// Waits until a process does next to nothing.
///
/// # Errors
/// There is no such process, or it is busy for too long.
pub(crate) fn wait_until_idle(pid: u32) -> anyhow::Result<()> {
    let begin = Instant::now();
    let mut before = cpu(pid)?;
    while begin.elapsed() < START_LIMIT {
        std::thread::sleep(Duration::from_secs(1));
        let now = cpu(pid)?;
        if now.saturating_sub(before) < Duration::from_millis(50) {
            return Ok(());
        }
        before = now;
    }
    bail!("process {pid} is never idle")
}

/// A line of a process's status that is in kB, in bytes.
///
/// # Errors
/// There is no such process or line.
pub(crate) fn memory(pid: u32, name: &str) -> anyhow::Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let value = value.with_context(|| format!("the status has no {name}"))?;
    let kilobytes: u64 = value.trim().trim_end_matches(" kB").parse()?;
    Ok(kilobytes * 1024)
}

/// Asks a process to end.
///
/// # Errors
/// There is no such process.
pub(crate) fn ask_to_end(pid: u32) -> anyhow::Result<()> {
    let pid = Pid::from_raw(pid.cast_signed()).context("a process has a number")?;
    Ok(kill_process(pid, Signal::TERM)?)
}

/// Without input, output, or an environment that says something to it.
fn quiet(command: &mut Command) -> &mut Command {
    command.env_remove("RUST_LOG").stdin(Stdio::null()).stdout(Stdio::null())
}

/// A process that serves. Dropped, it is killed.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    /// Host and port.
    pub(crate) address: String,
    /// From its start until it served.
    pub(crate) starting: Duration,
}

impl Server {
    /// Starts `command` and waits for the line in which, after `marker`, it says where it serves.
    ///
    /// # Errors
    /// It can not be started, or ends instead; its last words are told.
    pub(crate) fn start(mut command: Command, marker: &'static str) -> anyhow::Result<Server> {
        let begin = Instant::now();
        let mut child = quiet(&mut command).stderr(Stdio::piped()).spawn().context("a server")?;
        let stderr = child.stderr.take().context("it is piped")?;
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            let mut last = String::new();
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                let said = line.split_once(marker).map(|(_, rest)| rest.split_whitespace());
                if let Some(address) = said.and_then(|mut words| words.next()) {
                    let _ = tell.send(Ok(address.to_owned()));
                }
                last = line;
            }
            let _ = tell.send(Err(last));
        });
        let said = told.recv_timeout(START_LIMIT);
        let mut server = Server { child, address: String::new(), starting: begin.elapsed() };
        match said.context("it does not serve")? {
            Ok(address) => server.address = address,
            Err(last) => bail!("it ended instead of serving: {last}"),
        }
        Ok(server)
    }

    /// Starts `command`, which will serve on `address`, and waits until that can be reached.
    ///
    /// # Errors
    /// It can not be started or reached.
    pub(crate) fn start_at(mut command: Command, address: String) -> anyhow::Result<Server> {
        let begin = Instant::now();
        let child = quiet(&mut command).stderr(Stdio::null()).spawn().context("a server")?;
        let mut server = Server { child, address, starting: Duration::ZERO };
        while TcpStream::connect(&server.address).is_err() {
            if begin.elapsed() > START_LIMIT || server.child.try_wait()?.is_some() {
                bail!("it does not serve on {}", server.address);
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        server.starting = begin.elapsed();
        Ok(server)
    }

    /// The process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Scheme, host and port.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it, and waits until it has.
    ///
    /// # Errors
    /// It does not end.
    pub(crate) fn end(mut self) -> anyhow::Result<()> {
        ask_to_end(self.pid())?;
        let begin = Instant::now();
        while self.child.try_wait()?.is_none() {
            if begin.elapsed() > END_LIMIT {
                bail!("the server does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
