//! The commands that README and runbook tell people to type are typed.

use std::fs;
use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use crate::harness::{
    Server, TOKEN, TestLog, Weed, free_address, indelible, listings, run, within,
};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The blocks of shell commands in a part of a document; those that need S3 only `with_s3`.
fn commands(document: &str, with_s3: bool) -> String {
    let mut script = String::new();
    let mut is_wanted = None;
    for line in document.lines() {
        match (line, is_wanted) {
            ("```sh", None) => is_wanted = Some(true),
            ("```sh s3", None) => is_wanted = Some(with_s3),
            ("```", _) => is_wanted = None,
            (_, Some(true)) => {
                script.push_str(line);
                script.push('\n');
            }
            _ => {}
        }
    }
    script
}

/// Runs commands one after the other until one fails, as somebody would who types them in `dir`.
async fn typed(dir: &Path, prelude: &str, commands: &str, weed: Option<&Weed>) {
    let script = format!("set -euo pipefail\n{prelude}\nset -x\n{commands}");
    let programs = Path::new(env!("CARGO_BIN_EXE_indelibled")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut bash = Command::new("bash");
    bash.arg("-c").arg(script).current_dir(dir).env("PATH", path).env("HOME", dir);
    bash.env_remove("RUST_LOG").stdin(Stdio::null()).kill_on_drop(true);
    if let Some(weed) = weed {
        weed.tell(&mut bash);
    }
    let output = within("the commands", bash.output()).await.unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0), "{out}\n{err}");
}

/// A service manager for one service.
fn manager(address: &str) -> String {
    format!(
        r#"
        systemctl() {{
            case "$1 $2" in
            "start indelibled")
                indelibled serve --data "$DATA" --config "$CONFIG" 2>> service.log &
                echo $! > service.pid
                for _ in $(seq 200); do
                    if indelibled status --log "http://{address}" > /dev/null 2>&1; then return 0; fi
                    sleep 0.1
                done
                cat service.log >&2
                return 1 ;;
            "stop indelibled")
                kill "$(cat service.pid)" && wait "$(cat service.pid)"
                rm service.pid ;;
            esac
        }}
        trap 'if [ -f service.pid ]; then kill "$(cat service.pid)"; wait; fi' EXIT
        "#
    )
}

/// A directory with a configuration, and what the runbook's commands are told about it.
fn operated(address: &str, bucket: &str) -> (tempfile::TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let index = listings();
    let later = dir.path().join("later/simple");
    fs::create_dir_all(later.join("later")).unwrap();
    let page = r#"{"name":"later","meta":{"api-version":"1.1"},"versions":["1.0"],"files":[
        {"filename":"later-1.0.tar.gz","url":"later-1.0.tar.gz","hashes":
        {"sha256":"942c5a758f98d790eaed1a29cb6eefc7ffb0d1cf7af05c3d2791656dbd6ad1e1"},"size":1}]}"#;
    fs::write(later.join("later/index.json"), page).unwrap();
    let list = r#"{"meta":{"api-version":"1.1"},"projects":[{"name":"later"}]}"#;
    fs::write(later.join("index.json"), list).unwrap();
    fs::write(dir.path().join("token"), TOKEN).unwrap();
    fs::create_dir(dir.path().join("safe")).unwrap();
    let config = format!(
        "listen = \"{address}\"\nindex = \"{}\"\nmin_free = 1\nepoch_interval = 0\ntoken_file = \"{}\"\n",
        index.display(),
        dir.path().join("token").display()
    );
    fs::write(dir.path().join("indelibled.toml"), config).unwrap();
    let prelude = format!(
        "DATA=$PWD/log CONFIG=$PWD/indelibled.toml LOG=http://{address} SAFE=$PWD/safe TOKEN=$PWD/token \
         LATER=$PWD/later BUCKET={bucket}\n{}",
        manager(address)
    );
    (dir, prelude)
}

#[tokio::test]
async fn what_the_runbook_says_is_typed() {
    let weed = Weed::start().await;
    let address = free_address();
    let (dir, prelude) = operated(&address, &Weed::log("runbook"));
    let runbook = fs::read_to_string(root().join("deploy/runbook.md")).unwrap();
    // The store that is moved last is the one that is frozen.
    let (before, moving) = runbook.split_once("## Moving the store").unwrap();
    let (moving, after) = moving.split_once("## Why a restored backup").unwrap();
    let (restoring, freezing) = after.split_once("## Freezing a log").unwrap();
    let parts = [before, restoring, moving, freezing];
    let script: String = parts.map(|part| commands(part, weed.is_some())).concat();
    assert!(script.lines().count() > 30, "{script}");
    typed(dir.path(), &prelude, &script, weed.as_ref()).await;
}

#[tokio::test]
async fn what_the_readme_says_to_each_reader_is_typed() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let (_, paths) = readme.split_once("## Five commands for each").unwrap();
    let (paths, _) = paths.split_once("\n## ").unwrap();
    let log = TestLog::create().await;
    let index = listings();
    let index = index.to_str().unwrap();
    let server =
        log.serve_with(&["--index", index, "--epoch-interval", "0", "--enrolment", "open"]).await;
    seen(&log, &server).await;
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("dist")).unwrap();
    fs::write(dir.path().join("dist/anyio-99.0.tar.gz"), "what was built").unwrap();
    let prelude = format!(
        "export INDELIBLE_LOG={} INDELIBLE_KEY={} INDEX={index} LISTEN={}\n\
         trap 'for job in $(jobs -p); do kill $job; done; wait' EXIT",
        server.url,
        log.key(),
        free_address()
    );
    let mut counted = 0;
    for path in paths.split("\n### ").skip(1) {
        let script = commands(path, false);
        let lines = script.lines().filter(|line| !line.starts_with("export ")).count();
        assert!((1..=5).contains(&lines), "{path}");
        typed(dir.path(), &prelude, &script, None).await;
        counted += 1;
    }
    assert_eq!(counted, 5, "one for each reader");
    server.terminate().await;
}

/// Waits until the log has seen the index.
async fn seen(log: &TestLog, server: &Server) {
    let found = async {
        loop {
            let mut command = indelible();
            command.args([
                "lookup",
                "file",
                "requests-2.31.0.tar.gz",
                "--log",
                &server.url,
                "--key",
            ]);
            command.arg(log.key().to_string()).env("HOME", log.path("home"));
            if run(command).await.stdout.contains("942c5a75") {
                return;
            }
        }
    };
    within("the first sweep", found).await;
}
