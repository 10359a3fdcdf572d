//! The commands of `indelible`, as a library: the program parses, runs and exits.
//!
//! Data goes to standard output and everything else to standard error. Exit codes: 0 is proven good,
//! 1 is proven bad, 2 could not be decided.
//!
//! # JSON
//!
//! With `--json`, `verify` prints one object:
//!
//! ```json
//! {"checkpoint":{"origin":"log.example/pypi","size":43,"root":"<base64>"},
//!  "coverage":{"serial":25900000,"swept":"2026-11-21T00:00:00Z","epoch":7,
//!              "time":"2026-11-21T01:13:58Z","age":120},
//!  "results":[{"path":"dist/a-1.0.tar.gz","project":"a","version":"1.0","filename":"a-1.0.tar.gz",
//!              "sha256":"<hex>","verdict":"match","entries":[7],"detail":"listed ..."}],
//!  "summary":{"match":1}}
//! ```
//!
//! `project` and `version` are `null` where they are not known. `checkpoint` is the newest one that the
//! results rest on; it is `null` if there are none. `coverage` is what the oldest epoch that they rest on
//! says of the index, with its `age` in seconds; it is `null` if the log did not show that its answers
//! are complete. Files that cannot be read are no results: they are
//! errors. `verify --fork` prints
//! `{"fork":{"origin":..,"older":{"size":..,"root":..},"newer":{"size":..,"root":..},"root":..}}`, whose
//! last root is that of the older size as the newer tree has it. `verify --fraud` prints
//!
//! ```json
//! {"fraud":{"checkpoint":{..},"kind":"omitted","key":{..},"epoch":7,"position":34,"positions":[21,23],
//!           "index":22,"entry":{"v":1,"kind":"file",..}}}
//! ```
//!
//! The epoch at `position` lists `positions` under `key`; `kind` is `omitted` if `entry`, at `index`, is
//! not among them but has the key, `foreign` if it is but does not.
//!
//! `freeze`, and `verify --freeze`, print
//!
//! ```json
//! {"freeze":{"origin":"log.example/pypi","observed":"2026-11-21T04:13:58Z","served":{"size":..,"root":..},
//!            "newer":{"size":..,"root":..},"cosigned":"2026-11-21T01:13:58Z","withheld":10800,
//!            "cosigners":[{"witness":"w1","time":1795223638}]}}
//! ```
//!
//! By `cosigned` the quorum had cosigned the newer head, `withheld` seconds before the older one was served;
//! `observed`, when that was, is the accuser's word. `witness` is the name in the policy, `time` in seconds
//! since 1970.
//!
//! `audit --json` prints the same with more to each result, and with what could not be read:
//!
//! ```json
//! {"checkpoint":{..},"coverage":{..},
//!  "results":[{"path":"uv.lock","project":"a",..,"detail":"listed ..","line":12,"class":"good",
//!    "first_seen":{"index":7,"time":"2026-11-21T01:13:58Z","via":null},"remark":null}],
//!  "summary":{"match":1},
//!  "errors":[{"path":"other.lock","line":3,"reason":".."}]}
//! ```
//!
//! Results come in the order of the sources. `path` is the source, or the file itself if it was hashed;
//! `line` is `null` where a source has no lines, `filename` where it names no file. `class` is one of
//! `good`, `note`, `undecided`, `bad`, worse than the verdict's own where `--strict`, `--fail-on` or
//! `--min-age` make it so. `first_seen` is the first entry in which the index lists the file with these
//! bytes, by the log's clock; `via` names the data set if that is somebody else's sighting. `remark` is what
//! `--min-age` has to say. With `--format sarif` each verdict is a rule, and plain matches are left out
//! unless `--verbose` is given; with `--format junit` bad files are failures, undecided ones and
//! unreadable sources errors, and notes are skipped.
//!
//! `hashes` prints requirements or a `pylock.toml`, with what they rest on in a comment; nothing at all if
//! one of the releases has a file in conflict (exit code 1), or none that is known to be listed (2).
//!
//! `lookup` prints one object, with entries as the log has them:
//!
//! ```json
//! {"checkpoint":{..},"coverage":{..},"key":{"kind":"file","value":"a-1.0.tar.gz"},
//!  "entries":[{"index":7,"entry":{"v":1,"kind":"file",..}}],
//!  "publisher":{"project":"a",
//!    "keys":[{"key":"<vkey>","state":"active","since":{"index":5,"time":"2026-11-21T01:00:00Z"},
//!             "ended":null}],
//!    "complete":null,
//!    "files":[{"filename":"a-1.0.tar.gz","state":"agrees","expected":["<hex>"],"listed":["<hex>"],
//!              "contradiction":null}],
//!    "refused":[]}}
//! ```
//!
//! `publisher` is what the project's keys say, as far as it counts; `null` if nobody ever spoke for the
//! project, and for a hash. `state` of a key is `active`, `replaced` or `revoked`; `ended` is where and when
//! it came to be so. `complete` is where and when it was declared that every file is expected. `state` of a
//! file is `agrees`, `differs`, `not-expected`, `undeclared` (although every file is) or `unlisted`;
//! `contradiction` are the positions of two entries in which one key expects different hashes.
//! `refused` are statements that the log should not have taken: `{"index":9,"reason":".."}`.
//!
//! `key list` prints `{"checkpoint":{..},"coverage":{..},"publisher":{..}}`, without files. The commands
//! that change keys print
//!
//! ```json
//! {"checkpoint":{..},"project":"a","action":"enrol","key":"<vkey>","by":"<vkey>","outcome":"logged",
//!  "index":5}
//! ```
//!
//! `outcome` is `pending` if the log's operator decides first; `index` and `checkpoint` are `null` then.
//!
//! `expect` prints, when all is proved to be logged,
//!
//! ```json
//! {"checkpoint":{..},
//!  "results":[{"path":"dist/a-1.0.tar.gz","project":"a","version":"1.0","filename":"a-1.0.tar.gz",
//!              "sha256":"<hex>","index":7,"state":"unlisted","listed":[]}]}
//! ```
//!
//! `state` is that of the file, as above: `differs` if the index lists something else already.
//!
//! `explain` prints one object; `cause` and `class` are those of [`client::explain`], `first_seen` and
//! `removed` are the log's clock, `uploaded` is the index's claim:
//!
//! ```json
//! {"checkpoint":{..},
//!  "explanations":[{"project":"a","version":"1.0","filename":"a-1.0-py3-none-any.whl",
//!    "expected":["<hex>"],"got":"<hex>","cause":"late-file","class":"good","text":"..","notes":[],
//!    "hint":"..",
//!    "files":[{"project":"a","version":"1.0","filename":"a-1.0.tar.gz","sha256":"<hex>",
//!      "expected":true,"got":false,"first_seen":"2026-11-21T01:13:58Z","via":null,
//!      "uploaded":"2026-11-21T01:10:00Z","removed":null,"yanked":null,"entries":[7]},..],
//!    "entries":[7,9]}],
//!  "truncated":false}
//! ```
//!
//! `truncated` says that the text asked for more than is explained at once; the exit code is 2 then,
//! if nothing is worse.
//!
//! `evidence` and `verify --evidence` print one object with what follows from all entries of a key:
//!
//! ```json
//! {"checkpoint":{..},"coverage":{..},"key":{..},"entries":[7],
//!  "claims":[{"claim":"one-hash","filename":"a-1.0.tar.gz","detail":"a-1.0.tar.gz was seen with .."}]}
//! ```
//!
//! `claim` is one of `file-changed`, `file-removed`, `never-observed`, `one-hash`, `seen-as`.
//!
//! `proof` prints `{"checkpoint":{..},"index":7,"filename":"a-1.0.tar.gz","output":"a.tlog-proof"}`, and
//! `verify --proof` without a file `{"checkpoint":{..},"index":7,"entry":{"v":1,"kind":"file",..}}`.
//!
//! `monitor` prints one object a line for each event, in the order in which the log shows them:
//!
//! ```json
//! {"event":"hash-changed","class":"bad","id":"<32 hex>","index":7,"before":"<hex>","earlier":3,
//!  "detail":null,"entry":{"v":1,"kind":"file",..},
//!  "evidence":["DIR/evidence/<id>-7.tlog-proof","DIR/evidence/<id>-3.tlog-proof"]}
//! ```
//!
//! `event` is one of
//!
//! * class `bad`: `content-mismatch`, `digests-disagree`, `hash-changed`, `malformed-entry`,
//!   `reappeared-changed`, `self-contradiction`, `undeclared`, `unexpected`, `unfounded-statement`;
//! * class `note`: `expected-unlisted`, `late-file`, `listed-again`, `new-entry`, `new-file`,
//!   `provenance-gained`, `provenance-lost`, `removed`, `status-changed`;
//! * either: `key-changed`, which is bad where the log's operator overrules a publisher.
//!
//! [`client::EventKind`] says what they mean, and which are reported when. `id` is the same whenever and
//! by whomever the log is read. `index` is the position of `entry`; `undeclared` and `expected-unlisted` are
//! about the file or the expectation, and come where the log's clock shows that the time is over.
//! `before` is the hash that was logged for the file before, or `null`; `earlier` is the position of the
//! entry that this one contradicts or follows, or `null`; `detail` says what the entry does not, or is
//! `null`. `entry` is `null` for a `malformed-entry`. `evidence` are proofs of both entries, which
//! `verify --proof` shows: of everything bad and of everything that is delivered.
//!
//! `--exec` and `--webhook` deliver the same objects, and two more that are not printed, without an entry:
//!
//! ```json
//! {"event":"canary","class":"note","id":"<32 hex>","detail":"a test ..","evidence":[],"test":true}
//! {"event":"log-disproven","class":"bad","id":"<32 hex>","detail":"the log forked: ..","evidence":["DIR/x.fork"]}
//! ```
//!
//! Each sink gets each event once, and in order. A second time, with the same `id`, comes only what the
//! receiver had taken when the monitor was stopped, before it could be noted. With `--once`, 2 is the exit
//! code if something could not be delivered, whatever else was found; it is kept, and comes the next time.
//!
//! With `--replay` `monitor` prints one more line
//! when everything was read, or at the first lie, which is all there is when it is started again:
//!
//! ```json
//! {"replay":{"checkpoint":{..},"epochs":7,"newest":{"epoch":6,"index":8537,"map":"<hex>"},"map":"<hex>"}}
//! {"lie":{"kind":"map-root","index":8537,"stated":"<hex>","computed":"<hex>","detail":"the log lied: ..",
//!         "evidence":"DIR/5f3a0c2b4d1e6978.tlog-proof"}}
//! ```
//!
//! `newest` is the newest epoch, or `null`; its `map` is the recomputed root, which it states, too; the
//! other `map` is over all entries of the checkpoint. `kind` is one of `epoch-number` (`stated` and
//! `computed` are numbers), `map-root`, `not-canonical` (both are `null`).
//!
//! # The proxy
//!
//! `proxy` prints the URL for installers, alone on one line, and serves until SIGINT or SIGTERM:
//!
//! | path | what |
//! | --- | --- |
//! | `/simple/` | the index's list of projects, as it is |
//! | `/simple/<project>/` | a page in JSON (PEP 691) or HTML (PEP 503), as `Accept` says |
//! | `/files/<project>/<sha256>/<filename>` | a file, checked; with `.metadata` behind it, its core metadata (PEP 658) |
//!
//! A page keeps all that the index says of the files that may be had: keys that are not known here,
//! reasons for yanking, upload times, sizes, serial. Files that may not be had are left out and counted
//! in `X-Indelible-Left-Out`; the reasons stand in `meta._left-out` or, in HTML, in comments. A release
//! of which nothing is left stays listed as yanked, without hashes, with the reason in place of the
//! index's: installers pass over it unless it is insisted on, and then show why they get nothing.
//!
//! | status | meaning |
//! | --- | --- |
//! | 403 | refused: the log contradicts it or has not seen it, the bytes are wrong, or the log's answer is false |
//! | 424 | not checked: the log could not be asked, or its answer is too old or not known to be complete |
//! | 502 | the index behind the proxy failed |
//!
//! The reason stands in the status line and in a problem document (RFC 9457). Files up to 8 MiB are
//! checked before the first byte is sent; longer ones are cut off before their end if they are wrong.

mod args;
mod audit;
mod evidence;
mod expect;
mod explain;
mod failure;
mod freeze;
mod freshness;
mod hashes;
mod hashing;
mod head_age;
mod key;
mod local;
mod lookup;
mod monitor;
mod output;
mod pins;
mod progress;
mod proof;
mod proxy;
mod publisher;
mod results;
mod signing;
mod verify;

use std::io::Write;
use std::process::ExitCode;

pub use args::{Cli, Command, LogArgs};
pub use audit::{AuditArgs, Format, PolicyArgs};
pub use evidence::EvidenceArgs;
pub use expect::ExpectArgs;
pub use explain::ExplainArgs;
pub use failure::Failure;
pub use freeze::FreezeArgs;
pub use freshness::{FreshnessArgs, InvalidDuration, Span};
pub use hashes::HashesArgs;
pub use key::{
    AddArgs, ChangeArgs, KeyArgs, KeyCommand, NewArgs, ProjectArgs, RevokeArgs, RotateArgs, SshArgs,
};
pub use local::LocalArgs;
pub use lookup::LookupArgs;
pub use monitor::{DeliverArgs, MonitorArgs, SelectArgs};
pub use proof::ProofArgs;
pub use proxy::{ProxyArgs, Unobserved};
pub use signing::SignArgs;
pub use verify::VerifyArgs;

/// Runs one command with the standard streams and tells its exit code.
pub async fn run(cli: Cli) -> ExitCode {
    let code = execute(cli.command, &mut std::io::stdout()).await;
    ExitCode::from(code.unwrap_or_else(|failure| failure.report(&mut std::io::stderr())))
}

/// Runs one command; its data goes to `out`, progress and warnings to standard error.
///
/// # Errors
/// [`Failure`] if there is no result; it knows the exit code.
pub async fn execute(command: Command, out: &mut (dyn Write + Send)) -> Result<u8, Failure> {
    match command {
        Command::Audit(args) => audit::run(args, out).await,
        Command::Expect(args) => expect::run(args, out).await,
        Command::Explain(args) => explain::run(args, out).await,
        Command::Evidence(args) => evidence::run(args, out).await,
        Command::Freeze(args) => freeze::run(args, out).await,
        Command::Hashes(args) => hashes::run(args, out).await,
        Command::Key(args) => key::run(args, out).await,
        Command::Lookup(args) => lookup::run(args, out).await,
        Command::Monitor(args) => monitor::run(args, out).await,
        Command::Proof(args) => proof::run(args, out).await,
        Command::Proxy(args) => proxy::run(args, out).await,
        Command::Verify(args) => verify::run(args, out).await,
    }
}
