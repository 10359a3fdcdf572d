use std::collections::{BTreeMap, BTreeSet};

/// What the alert rules and the dashboard are made of.
const USERS: [(&str, &str); 2] = [
    ("alerts.yaml", include_str!("../../deploy/prometheus/alerts.yaml")),
    ("indelible.json", include_str!("../../deploy/grafana/indelible.json")),
];

/// The kind of each metric that is described, by its name.
fn described() -> BTreeMap<&'static str, &'static str> {
    let calls = include_str!("../metrics.rs").split("::metrics::describe_").skip(1);
    let read = |call: &'static str| {
        let (kind, arguments) = call.split_once("!(").expect("a macro is called");
        let name = arguments.trim_start().strip_prefix('"').expect("the name is a literal");
        (name.split_once('"').expect("the literal ends").0, kind)
    };
    calls.map(read).collect()
}

/// Names as Prometheus sees them: a histogram is three series.
fn exposed() -> BTreeSet<String> {
    let series = |(name, kind): (&str, &str)| match kind {
        "histogram" => ["bucket", "count", "sum"].map(|part| format!("{name}_{part}")).to_vec(),
        _ => vec![name.to_owned()],
    };
    described().into_iter().flat_map(series).collect()
}

/// Every word of `text` that names a metric of ours.
fn named(text: &str) -> BTreeSet<String> {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
    words.filter(|word| word.starts_with("indelible_")).map(str::to_owned).collect()
}

#[test]
fn alerts_and_dashboard_name_only_metrics_that_there_are() {
    let exposed = exposed();
    for (file, text) in USERS {
        let unknown: Vec<_> = named(text).difference(&exposed).cloned().collect();
        assert!(
            unknown.is_empty(),
            "{file} names {unknown:?}, which src/metrics.rs does not describe"
        );
    }
}

#[test]
fn every_metric_is_on_the_dashboard() {
    let (file, dashboard) = USERS[1];
    let named = named(dashboard);
    for name in described().keys() {
        let shown = named.iter().any(|series| series.starts_with(name));
        assert!(shown, "{file} does not show {name}");
    }
}
