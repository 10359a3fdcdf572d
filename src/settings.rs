//! What an operator can set: in the configuration file, by a flag, or by both, the flag winning.

use std::fs;
use std::num::NonZeroU32;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Context as _;
use serde::Deserialize;

use crate::publishers::Enrolment;
use crate::witnesses::WitnessTimes;

/// Enough for a release with wheels of every platform, many times over.
const EXPECTATIONS_PER_HOUR: NonZeroU32 = NonZeroU32::new(1000).expect("it is not zero");

/// The settings of `indelibled serve`. In the file the names are the same, with `_` for `-`; each
/// comment here is also the flag's help.
#[derive(Clone, Debug, Default, Deserialize, clap::Args)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Address and port to serve gRPC and HTTP on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "HOST:PORT")]
    pub listen: Option<String>,
    /// Package index to observe: a base URL, or a directory of recorded listings or a mirror.
    /// Without it entries come only over gRPC
    #[arg(long, value_name = "URL|DIR")]
    pub index: Option<String>,
    /// Seconds from the start of one sweep of the index to the start of the next [default: 3600]
    #[arg(long, value_name = "SECONDS")]
    pub sweep_interval: Option<u64>,
    /// Whom the index's operators may write to, sent to the index in User-Agent
    #[arg(long, value_name = "URL|MAIL")]
    pub contact: Option<String>,
    /// File with the secret that submitters over gRPC must present. Without it nobody can submit
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Certificate chain in PEM, to serve TLS
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the certificate in PEM
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub tls_key: Option<PathBuf>,
    /// File that remembers the newest signed head outside the store; best on another disk
    /// [default: DIR/head]
    #[arg(long, value_name = "FILE")]
    pub head_file: Option<PathBuf>,
    /// Bucket that holds the log's bytes, if the directory does not say so yet. Several servers on one bucket
    /// stand by for each other
    #[arg(long, value_name = "s3://BUCKET/PREFIX", conflicts_with = "follow")]
    pub store: Option<String>,
    /// Seconds after which a silent writer to a bucket is taken for gone; the same for all servers on it
    /// [default: 15]
    #[arg(long, value_name = "SECONDS")]
    pub lease: Option<u64>,
    /// Log to follow instead of writing one: all of it is copied into the directory, verified by the policy,
    /// and served
    #[arg(long, value_name = "URL|s3://BUCKET/PREFIX", requires = "policy")]
    pub follow: Option<String>,
    /// Milliseconds from one look at the log that is followed to the next [default: 1000]
    #[arg(long, value_name = "MILLISECONDS")]
    pub follow_interval: Option<u64>,
    /// Mebibytes that must stay free on the store's disk; with less the log is read-only
    /// [default: 512]
    #[arg(long, value_name = "MIB")]
    pub min_free: Option<u64>,
    /// Submissions that may wait for the sequencer; more are refused for the moment [default: 1024]
    #[arg(long, value_name = "COUNT")]
    pub pool: Option<usize>,
    /// Mebibytes of tiles that were checked and are kept for the next proofs [default: 192]
    #[arg(long, value_name = "MIB")]
    pub proof_cache: Option<usize>,
    /// Facts that go into one batch [default: 4096]
    #[arg(long, value_name = "COUNT")]
    pub batch: Option<usize>,
    /// How a project gets its first publisher key: `approve` by the operator, `open` to who comes first,
    /// or `closed` [default: approve]
    #[arg(long, value_name = "POLICY", value_enum)]
    pub enrolment: Option<Enrolment>,
    /// Expectations that one publisher key may state an hour, and at once [default: 1000]
    #[arg(long, value_name = "COUNT")]
    pub expectations_per_hour: Option<NonZeroU32>,
    /// Files of one project that publishers may expect without the index ever listing them
    /// [default: 1000]
    #[arg(long, value_name = "COUNT")]
    pub outstanding: Option<usize>,
    /// Seconds from one epoch to the next while something changes [default: 300]
    #[arg(long, value_name = "SECONDS")]
    pub epoch_interval: Option<u64>,
    /// Policy (C2SP tlog-policy) that lists this log and the witnesses that must have cosigned a head
    /// before it is published. Without it no witness is asked
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Publish heads also when too few witnesses cosigned; `/healthz` and the metrics say so
    #[arg(long)]
    pub fail_open: bool,
    /// Seconds that a witness may take to cosign [default: 5]
    #[arg(long, value_name = "SECONDS")]
    pub witness_deadline: Option<u64>,
    /// Least milliseconds from one head that witnesses are asked to cosign to the next [default: 0]
    #[arg(long, value_name = "MILLISECONDS")]
    pub witness_interval: Option<u64>,
    /// Seconds without a confirmed head after which /healthz fails [default: 1800]
    #[arg(long, value_name = "SECONDS")]
    pub max_head_age: Option<u64>,
    /// Requests a second, and at once, of one client over the network, an IPv4 address or an IPv6 network of /64;
    /// 0: no limit [default: 1000]
    #[arg(long, value_name = "COUNT")]
    pub client_rate: Option<u32>,
    /// Seconds that open requests get to finish at shut-down [default: 10]
    #[arg(long, value_name = "SECONDS")]
    pub drain: Option<u64>,
}

impl Settings {
    /// Reads a configuration file.
    ///
    /// # Errors
    /// A file that can not be read, is not TOML, or has a key that there is not.
    pub fn read(path: &Path) -> anyhow::Result<Settings> {
        let text = fs::read_to_string(path)
            .with_context(|| format!("the configuration {} can not be read", path.display()))?;
        toml::from_str(&text)
            .with_context(|| format!("the configuration {} is not understood", path.display()))
    }

    /// These settings where given, else those of the configuration file, if there is one.
    ///
    /// # Errors
    /// As [`read`](Settings::read).
    pub fn over_file(self, file: Option<&Path>) -> anyhow::Result<Settings> {
        match file {
            Some(path) => Ok(self.over(Settings::read(path)?)),
            None => Ok(self),
        }
    }

    /// These settings where given, else those of `file`.
    #[must_use]
    pub fn over(self, file: Settings) -> Settings {
        Settings {
            listen: self.listen.or(file.listen),
            index: self.index.or(file.index),
            sweep_interval: self.sweep_interval.or(file.sweep_interval),
            contact: self.contact.or(file.contact),
            token_file: self.token_file.or(file.token_file),
            tls_cert: self.tls_cert.or(file.tls_cert),
            tls_key: self.tls_key.or(file.tls_key),
            head_file: self.head_file.or(file.head_file),
            store: self.store.or(file.store),
            lease: self.lease.or(file.lease),
            follow: self.follow.or(file.follow),
            follow_interval: self.follow_interval.or(file.follow_interval),
            min_free: self.min_free.or(file.min_free),
            pool: self.pool.or(file.pool),
            proof_cache: self.proof_cache.or(file.proof_cache),
            batch: self.batch.or(file.batch),
            enrolment: self.enrolment.or(file.enrolment),
            expectations_per_hour: self.expectations_per_hour.or(file.expectations_per_hour),
            outstanding: self.outstanding.or(file.outstanding),
            epoch_interval: self.epoch_interval.or(file.epoch_interval),
            policy: self.policy.or(file.policy),
            fail_open: self.fail_open || file.fail_open,
            witness_deadline: self.witness_deadline.or(file.witness_deadline),
            witness_interval: self.witness_interval.or(file.witness_interval),
            max_head_age: self.max_head_age.or(file.max_head_age),
            client_rate: self.client_rate.or(file.client_rate),
            drain: self.drain.or(file.drain),
        }
    }

    /// Where to listen.
    pub fn listen(&self) -> &str {
        self.listen.as_deref().unwrap_or("127.0.0.1:8080")
    }

    /// Time after which a silent writer to a bucket is taken for gone.
    pub fn lease(&self) -> Duration {
        Duration::from_secs(self.lease.unwrap_or(15).max(1))
    }

    /// From one look at a followed log to the next.
    pub fn follow_interval(&self) -> Duration {
        Duration::from_millis(self.follow_interval.unwrap_or(1000).max(10))
    }

    /// Bytes that must stay free.
    pub fn min_free_bytes(&self) -> u64 {
        self.min_free.unwrap_or(512).saturating_mul(1 << 20)
    }

    /// Bytes of checked tiles that are kept.
    pub fn proof_cache_bytes(&self) -> usize {
        self.proof_cache.unwrap_or(192).saturating_mul(1 << 20)
    }

    /// Age of the head above which the log is not well.
    pub fn max_head_age(&self) -> Duration {
        Duration::from_secs(self.max_head_age.unwrap_or(1800))
    }

    /// Requests a second of one client; `None` if that is not limited.
    pub fn client_rate(&self) -> Option<NonZeroU32> {
        NonZeroU32::new(self.client_rate.unwrap_or(1000))
    }

    /// Time for open requests at shut-down.
    pub fn drain(&self) -> Duration {
        Duration::from_secs(self.drain.unwrap_or(10))
    }

    /// Bounds of the sequencer's pool.
    pub fn limits(&self) -> crate::sequencer::Limits {
        let default = crate::sequencer::Limits::default();
        crate::sequencer::Limits {
            pool: self.pool.unwrap_or(default.pool).max(1),
            batch: self.batch.unwrap_or(default.batch).max(1),
            outstanding: self.outstanding.unwrap_or(default.outstanding),
        }
    }

    /// How projects get their first keys.
    pub fn enrolment(&self) -> Enrolment {
        self.enrolment.unwrap_or_default()
    }

    /// Expectations that one key may state an hour.
    pub fn expectations_per_hour(&self) -> NonZeroU32 {
        self.expectations_per_hour.unwrap_or(EXPECTATIONS_PER_HOUR)
    }

    /// When the log sums itself up.
    pub fn epochs(&self) -> crate::sequencer::EpochTimes {
        let default = crate::sequencer::EpochTimes::default();
        let interval = self.epoch_interval.map_or(default.interval, Duration::from_secs);
        crate::sequencer::EpochTimes { interval, ..default }
    }

    /// When witnesses are asked.
    pub fn witness_times(&self) -> WitnessTimes {
        WitnessTimes {
            deadline: Duration::from_secs(self.witness_deadline.unwrap_or(5).max(1)),
            interval: Duration::from_millis(self.witness_interval.unwrap_or(0)),
        }
    }

    /// How the observer behaves.
    pub fn observer(&self) -> observer::Settings {
        let default = observer::Settings::default();
        let sweep_interval =
            self.sweep_interval.map_or(default.sweep_interval, Duration::from_secs);
        observer::Settings { contact: self.contact.clone(), sweep_interval, ..default }
    }
}

#[cfg(test)]
mod tests {
    use clap::Args as _;

    use super::Settings;

    const DOCUMENTED: &str = include_str!("../deploy/indelibled.toml");

    /// The documented file with its examples switched on.
    fn all_keys() -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(rest) if rest.contains(" = ") && !rest.starts_with(' ') => rest.to_owned(),
            _ => line.to_owned(),
        };
        DOCUMENTED.lines().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn the_documented_file_is_understood_and_documents_every_flag() {
        toml::from_str::<Settings>(DOCUMENTED).unwrap();
        toml::from_str::<Settings>(&all_keys()).unwrap();
        let table: toml::Table = toml::from_str(&all_keys()).unwrap();
        let command = Settings::augment_args(clap::Command::new("serve"));
        let mut flags: Vec<_> =
            command.get_arguments().map(|flag| flag.get_id().as_str()).collect();
        let mut keys: Vec<_> = table.keys().map(String::as_str).collect();
        flags.sort_unstable();
        keys.sort_unstable();
        assert_eq!(flags, keys);
    }

    #[test]
    fn unknown_keys_are_refused() {
        let error = toml::from_str::<Settings>("listen = \"a:1\"\nlisten_on = 1\n").unwrap_err();
        assert!(error.to_string().contains("listen_on"), "{error}");
    }

    #[test]
    fn flags_win_over_the_file() {
        let flags = Settings { pool: Some(1), ..Settings::default() };
        let file = Settings { pool: Some(2), batch: Some(3), ..Settings::default() };
        let both = flags.over(file);
        assert_eq!((both.pool, both.batch, both.drain), (Some(1), Some(3), None));
    }
}
