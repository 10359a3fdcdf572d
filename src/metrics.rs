//! Counting: the one recorder of the process.

use std::sync::OnceLock;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

#[cfg(test)]
mod tests;

/// Bounds of the buckets of durations, in seconds.
const SECONDS: [f64; 12] =
    [0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0];

/// Installs the recorder at the first call, and returns what reads it.
pub fn recorder() -> PrometheusHandle {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    HANDLE.get_or_init(install).clone()
}

/// Sets a gauge to a number; exact up to 2^53.
#[allow(clippy::cast_precision_loss)]
pub(crate) fn set(gauge: &'static str, number: u64) {
    ::metrics::gauge!(gauge).set(number as f64);
}

fn install() -> PrometheusHandle {
    let handle = PrometheusBuilder::new()
        .set_buckets(&SECONDS)
        .expect("the bounds are not empty")
        .install_recorder()
        .expect("nothing else installs a recorder");
    ::metrics::describe_counter!("indelible_entries_total", "Entries appended since start");
    ::metrics::describe_gauge!("indelible_tree_size", "Entries that are published");
    ::metrics::describe_histogram!(
        "indelible_batch_seconds",
        "Time from the start of a batch to its published head"
    );
    ::metrics::describe_histogram!(
        "indelible_epoch_seconds",
        "Time from the start of an epoch to its map being served"
    );
    ::metrics::describe_counter!(
        "indelible_halts_total",
        "Failures that stopped all writing; anything above 0 needs an operator"
    );
    ::metrics::describe_gauge!(
        "indelible_witness_quorum",
        "1 if the newest head has the cosignatures that the policy asks for, 0 if not"
    );
    ::metrics::describe_counter!(
        "indelible_witness_answers_total",
        "Answers of each witness by outcome: cosigned, missing, alarm"
    );
    ::metrics::describe_gauge!(
        "indelible_follower_lag_entries",
        "Entries that the followed log has published and this server does not show yet"
    );
    ::metrics::describe_gauge!(
        "indelible_follower_caught_up_timestamp_seconds",
        "When this server last showed all that the followed log had published, as seconds since 1970"
    );
    ::metrics::describe_counter!(
        "indelible_follower_failures_total",
        "Looks at the followed log that failed and are repeated"
    );
    ::metrics::describe_counter!(
        "indelible_takeovers_total",
        "Times that this server took over writing from another"
    );
    ::metrics::describe_gauge!(
        "indelible_head_confirmed_timestamp_seconds",
        "When the published head was confirmed last, as seconds since 1970"
    );
    ::metrics::describe_histogram!(
        "indelible_step_seconds",
        "Time that each step of a batch took: commit, catalog, confirm, sign, cosign, publish"
    );
    ::metrics::describe_counter!(
        "indelible_lookups_total",
        "Keys that were looked up, by answer: found or absent, shown to be all; unproven if no epoch covers it"
    );
    ::metrics::describe_counter!(
        "indelible_tiles_total",
        "Tiles that proofs were made of: from memory, where they were checked before, or from the store"
    );
    ::metrics::describe_gauge!(
        "indelible_pool_submissions",
        "Submissions that wait for the sequencer"
    );
    ::metrics::describe_gauge!(
        "indelible_sweep_timestamp_seconds",
        "Start of the last complete sweep of the index, as seconds since 1970"
    );
    ::metrics::describe_gauge!(
        "indelible_serial",
        "Serial of the index up to which everything was seen"
    );
    ::metrics::describe_counter!(
        "indelible_refused_requests_total",
        "Requests that were refused, by reason: rate"
    );
    ::metrics::describe_gauge!(
        "indelible_heaviest_clients_requests",
        "Requests in the last minute of the clients that asked most, by rank"
    );
    ::metrics::describe_counter!(
        "indelible_expectations_total",
        "Publishers' expectations by outcome: logged, malformed, not-allowed, limit, failed"
    );
    ::metrics::describe_counter!(
        "indelible_key_changes_total",
        "Changes of publisher keys by action, and those that were refused"
    );
    ::metrics::describe_gauge!(
        "indelible_pending_enrolments",
        "Publisher keys that wait for the operator"
    );
    handle
}
