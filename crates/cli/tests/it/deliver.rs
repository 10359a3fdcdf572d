//! `monitor` with sinks: everything arrives, whoever fails and whatever is killed.

use std::collections::VecDeque;
use std::process::{Output, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::post;
use tokio::process::Command;

use crate::log::{TestLog, file, filler, removed, yanked};
use crate::{Session, eventful};

/// What a server was sent.
#[derive(Clone, Debug)]
struct Received {
    headers: HeaderMap,
    body: String,
}

impl Received {
    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    fn id(&self) -> String {
        self.header("x-indelible-event").unwrap().to_owned()
    }

    fn kind(&self) -> String {
        let json: serde_json::Value = serde_json::from_str(&self.body).unwrap();
        json["event"].as_str().unwrap().to_owned()
    }
}

/// A status, and what is said in `Retry-After`.
type Answer = (StatusCode, Option<&'static str>);

/// A server that takes events. It answers as told, and then 200.
#[derive(Clone, Default)]
struct Hook {
    received: Arc<Mutex<Vec<Received>>>,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    delay: Duration,
    url: String,
}

impl Hook {
    async fn start(delay: Duration, answers: &[(u16, Option<&'static str>)]) -> Hook {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/events", listener.local_addr().unwrap());
        let status = |code| StatusCode::from_u16(code).unwrap();
        let answers = answers.iter().map(|(code, after)| (status(*code), *after)).collect();
        let answers = Arc::new(Mutex::new(answers));
        let hook = Hook { answers, delay, url, ..Hook::default() };
        let routes = Router::new().route("/events", post(receive)).with_state(hook.clone());
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        hook
    }

    fn received(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    fn ids(&self) -> Vec<String> {
        self.received().iter().map(Received::id).collect()
    }

    fn kinds(&self) -> Vec<String> {
        self.received().iter().map(Received::kind).collect()
    }
}

async fn receive(
    State(hook): State<Hook>,
    headers: HeaderMap,
    body: Bytes,
) -> (StatusCode, HeaderMap) {
    let body = String::from_utf8(body.to_vec()).unwrap();
    hook.received.lock().unwrap().push(Received { headers, body });
    tokio::time::sleep(hook.delay).await;
    let answer = hook.answers.lock().unwrap().pop_front();
    let (status, after) = answer.unwrap_or((StatusCode::OK, None));
    let mut headers = HeaderMap::new();
    if let Some(after) = after {
        headers.insert("retry-after", after.parse().unwrap());
    }
    (status, headers)
}

/// `monitor` with a command that notes the ids of what it is given in the file `ids`.
fn monitor(session: &Session, args: &str, hook: &Hook) -> Command {
    let mut command = session.command(&format!("monitor --state state {args}"));
    command.args(["--webhook", &hook.url]);
    command.args(["--exec", "echo $INDELIBLE_EVENT_ID >> ids"]);
    command
}

fn noted(session: &Session) -> Vec<String> {
    let text = std::fs::read_to_string(session.path("ids")).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Each once, in the order in which they came first.
fn once(ids: &[String]) -> Vec<String> {
    let mut seen = Vec::new();
    for id in ids {
        if !seen.contains(id) {
            seen.push(id.clone());
        }
    }
    seen
}

fn errors(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What the program printed as JSON.
fn printed(output: &Output) -> Vec<serde_json::Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn events_are_printed_proved_and_delivered() {
    let session = Session::start(eventful()).await;
    session.write("secret", "Jefe\n");
    let hook = Hook::start(Duration::ZERO, &[]).await;
    let args = "--once --json --project attrs --webhook-secret-file secret";
    let output = monitor(&session, args, &hook).output().await.unwrap();
    assert_eq!((output.status.code(), errors(&output)), (Some(1), String::new()));
    let events = printed(&output);
    let ids: Vec<_> = events.iter().map(|event| event["id"].as_str().unwrap()).collect();
    assert_eq!(events.len(), 7);
    assert_eq!(
        (hook.ids(), noted(&session)),
        (ids.iter().map(|id| (*id).to_owned()).collect(), hook.ids())
    );
    let lines: Vec<_> =
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect();
    for (received, line) in hook.received().iter().zip(lines) {
        assert_eq!(received.body, line);
        assert_eq!(received.header("idempotency-key"), received.header("x-indelible-event"));
        assert_eq!(received.header("content-type"), Some("application/json"));
        let signature = received.header("x-indelible-signature").unwrap();
        assert!(signature.strip_prefix("sha256=").is_some_and(|hex| hex.len() == 64));
    }
    for event in &events {
        for path in event["evidence"].as_array().unwrap() {
            let verify = format!("verify --json --proof {}", path.as_str().unwrap());
            let proved = session.command(&verify).output().await.unwrap();
            assert_eq!(proved.status.code(), Some(0), "{proved:?}");
        }
    }
    let again = monitor(&session, args, &hook).output().await.unwrap();
    assert_eq!((again.status.code(), again.stdout.len(), hook.ids().len()), (Some(0), 0, 7));
}

#[tokio::test]
async fn a_command_gets_the_event_and_its_environment() {
    let session = Session::start(eventful()).await;
    let mut command = session.command("monitor --once --json --state state");
    let script = "cat >> bodies; echo $INDELIBLE_EVENT_KIND $INDELIBLE_EVENT_CLASS \
                  $INDELIBLE_EVENT_PROJECT; echo trouble >&2";
    let output = command.args(["--exec", script]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(errors(&output), "hash-changed bad attrs\ntrouble\n");
    let printed = String::from_utf8(output.stdout).unwrap();
    let body = std::fs::read_to_string(session.path("bodies")).unwrap();
    assert_eq!(body.lines().collect::<Vec<_>>(), printed.lines().take(1).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_was_not_taken_is_sent_again_in_order() {
    let session = Session::start(eventful()).await;
    let hook = Hook::start(Duration::ZERO, &[(200, None), (503, Some("1")), (429, None)]).await;
    let output = monitor(&session, "--once --project attrs", &hook).output().await.unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let errors = errors(&output);
    assert!(errors.contains("503 Service Unavailable") && errors.contains("429"), "{errors}");
    let ids = hook.ids();
    assert_eq!(ids.len(), 9);
    assert!(ids[1] == ids[2] && ids[2] == ids[3]);
    assert_eq!(once(&ids), noted(&session));
}

#[tokio::test]
async fn a_sink_that_fails_stops_nobody_else_and_has_it_later() {
    let session = Session::start(eventful()).await;
    let hook = Hook::start(Duration::ZERO, &[(404, None)]).await;
    let args = "--once --project attrs --deliver-timeout 1";
    let output = monitor(&session, args, &hook).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    let told = errors(&output);
    assert!(told.contains("cannot deliver to the webhook at 127.0.0.1: it answered 404"), "{told}");
    assert!(told.contains("7 events were not delivered to the webhook at 127.0.0.1"), "{told}");
    assert_eq!((hook.ids().len(), noted(&session).len()), (1, 7));
    // Without it, it is missed; with it, it has everything.
    let without = session.command("monitor --once --state state").output().await.unwrap();
    assert!(errors(&without).contains("warning: 7 events wait for the webhook at"), "{without:?}");
    let output = monitor(&session, args, &hook).output().await.unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(0), 0), "{output:?}");
    assert_eq!((once(&hook.ids()), noted(&session).len()), (noted(&session), 7));

    session.server.append(&[file("attrs-9.tar.gz", "nine")]);
    let mut failing = session.command("monitor --once --state state --deliver-timeout 1");
    let output = failing.args(["--exec", "exit 7", "--forget-sinks", "--project", "attrs"]);
    let output = output.output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(
        errors(&output).contains("the command exit: it ended with exit status: 7"),
        "{output:?}"
    );
}

#[tokio::test]
async fn slow_sinks_are_given_up_in_time() {
    let session = Session::start(eventful()).await;
    let slow = Hook::start(Duration::from_secs(30), &[]).await;
    let args = "--once --project attrs --deliver-timeout 1";
    let started = std::time::Instant::now();
    let output = monitor(&session, args, &slow).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert_eq!(noted(&session).len(), 7, "the other sink is not held up");
    let mut command =
        session.command("monitor --once --exec-limit 1 --state other --deliver-timeout 2");
    let output = command.args(["--exec", "sleep 30 & sleep 31"]).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(errors(&output).contains("it did not end within 1 seconds"), "{output:?}");
    assert!(started.elapsed() < Duration::from_secs(20));
}

#[tokio::test]
async fn killed_again_and_again_everything_arrives_in_order() {
    let mut entries = filler(9000);
    for n in 0..40 {
        let name = format!("attrs-{n}.tar.gz");
        entries[n * 220] = file(&name, "one");
        entries[n * 220 + 1] = yanked(&name, "broken");
        entries[n * 220 + 2] = file(&name, "two");
        entries[n * 220 + 3] = removed(&name, "two");
    }
    let session = Session::start(TestLog::new(&entries)).await;
    let hook = Hook::start(Duration::from_millis(2), &[]).await;
    let mut kills = 0;
    for attempt in 1..=14_u64 {
        let mut command = monitor(&session, "--interval 1 --project attrs", &hook);
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        tokio::time::sleep(Duration::from_millis(attempt * 97 % 611)).await;
        kills += usize::from(child.try_wait().unwrap().is_none());
        child.kill().await.unwrap();
    }
    let output = monitor(&session, "--once --project attrs", &hook).output().await.unwrap();
    assert!(matches!(output.status.code(), Some(0 | 1)) && kills > 0, "{output:?}");
    let mut whole = session.command("monitor --once --json --project attrs --state whole");
    let whole = printed(&whole.output().await.unwrap());
    let expected: Vec<_> =
        whole.iter().map(|event| event["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(expected.len(), 160);
    for ids in [hook.ids(), noted(&session)] {
        assert_eq!(once(&ids), expected);
        assert!(ids.len() <= expected.len() + kills, "at most one again for each kill");
    }
}

#[tokio::test]
async fn a_canary_shows_that_alarms_arrive() {
    let session = Session::start(TestLog::new(&filler(3))).await;
    let broken = [(404, None)];
    let hook = Hook::start(Duration::ZERO, &broken).await;
    let args = "--once --canary --deliver-timeout 1";
    let output = monitor(&session, args, &hook).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    for _ in 0..2 {
        let output = monitor(&session, args, &hook).output().await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
    }
    assert_eq!(hook.kinds(), ["canary", "canary"]);
    assert_eq!((once(&hook.ids()).len(), noted(&session).len()), (1, 1));
    assert!(hook.received()[0].body.contains(r#""class":"note""#));
    let nobody = session.command("monitor --once --canary").output().await.unwrap();
    assert_eq!(nobody.status.code(), Some(2));
    assert!(errors(&nobody).contains("hint: Give --exec"), "{nobody:?}");
}

#[tokio::test]
async fn a_fork_is_delivered_too_and_once() {
    let session = Session::start(eventful()).await;
    let hook = Hook::start(Duration::ZERO, &[]).await;
    monitor(&session, "--once", &hook).output().await.unwrap();
    session.server.replace(TestLog::new(&filler(40)));
    for _ in 0..2 {
        let output = monitor(&session, "--once", &hook).output().await.unwrap();
        assert_eq!(output.status.code(), Some(1), "{output:?}");
    }
    assert_eq!(hook.kinds(), ["hash-changed", "log-disproven"]);
    let fork = &hook.received()[1].body;
    assert!(fork.contains("the log forked") && fork.contains(".fork\"]"), "{fork}");
}

#[tokio::test]
async fn hashes_come_from_files() {
    let session = Session::start(eventful()).await;
    let hash = record::Digest::sha256(b"old");
    session.write("SHA256SUMS", format!("# shipped\n{hash}  attrs_0.9.orig.tar.gz\n"));
    session.write("nothing", "\n# none\n");
    session.write("wrong", format!("{hash}\nattrs\n"));
    let args = "monitor --once --json --state state --sha256-from SHA256SUMS";
    let output = session.command(args).output().await.unwrap();
    let kinds: Vec<_> = printed(&output).iter().map(|event| event["event"].clone()).collect();
    assert_eq!((output.status.code(), kinds), (Some(0), vec!["removed".into()]));
    for (args, part) in [
        ("--sha256-from nothing", "there are no hashes in it"),
        ("--sha256-from wrong", "line 2: "),
        ("--all --sha256-from SHA256SUMS", "cannot be used with"),
        ("--all --project attrs", "cannot be used with"),
        ("--webhook nowhere", "--webhook is not a URL"),
        ("--webhook-secret-file SHA256SUMS", "--webhook"),
    ] {
        let output = session.command(&format!("monitor --once {args}")).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2), "{args}: {output:?}");
        assert!(errors(&output).contains(part), "{args}: {output:?}");
    }
    let all = session.run("monitor --once --state first --all").await;
    let default = session.run("monitor --once --state second").await;
    assert_eq!(
        all.lines().skip(1).collect::<Vec<_>>(),
        default.lines().skip(1).collect::<Vec<_>>()
    );
}
