//! `key` and `expect`: from a key to a verdict, and everything that is refused on the way.

use std::process::Command;

use crate::log::file;
use crate::server::Lie;
use crate::{Session, eventful, timeless};

/// A log with an epoch, two keys, and the files of two releases.
async fn session() -> Session {
    let mut log = eventful();
    log.append_epoch(|_| ());
    let session = Session::start(log).await;
    for (name, seed) in [("release", 1), ("next", 2)] {
        let key = tlog::SigningKey::from_seed(&format!("attrs-{name}"), &[seed; 32]).unwrap();
        session.write(&format!("{name}.key"), format!("{}\n", key.secret_text().as_str()));
    }
    std::fs::create_dir(session.path("dist")).unwrap();
    for (name, content) in [
        ("attrs-1.0.tar.gz", "sdist"),
        ("attrs-5.0.tar.gz", "five"),
        ("attrs-5.0.tar.gz.asc", "signature"),
        ("attrs-5.0.tar.gz.publish.attestation", "{}"),
    ] {
        session.write(&format!("dist/{name}"), content);
    }
    session.write("attrs-1.0-py3-none-any.whl", "built here");
    session
}

async fn vkey(session: &Session, file: &str) -> String {
    let output = session.bare(&format!("key show {file}")).output().await.unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

const SIGNED: &str = "--sign-with release.key";

async fn enrolled() -> Session {
    let session = session().await;
    let shown = session.run(&format!("key enrol attrs {SIGNED}")).await;
    assert!(shown.ends_with("--- exit 0\n"), "{shown}");
    session
}

#[tokio::test]
async fn a_key_is_made_once() {
    use std::os::unix::fs::PermissionsExt as _;
    let session = session().await;
    let output = session.bare("key new attrs-third -o third.key").output().await.unwrap();
    let printed = String::from_utf8(output.stdout).unwrap();
    assert_eq!(printed, format!("{}\n", vkey(&session, "third.key").await));
    let mode = std::fs::metadata(session.path("third.key")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let before = std::fs::read(session.path("third.key")).unwrap();
    insta::assert_snapshot!("key_exists", session.run("key new attrs-third -o third.key").await);
    assert_eq!(std::fs::read(session.path("third.key")).unwrap(), before);
    insta::assert_snapshot!("key_bad_name", session.run("key new a+b -o fourth.key").await);
    assert!(!session.path("fourth.key").exists());
}

#[tokio::test]
async fn keys_change_as_the_keys_before_allow() {
    let session = session().await;
    let next = vkey(&session, "next.key").await;
    for (name, args) in [
        ("none", "key list attrs".to_owned()),
        ("complete_early", format!("key complete attrs {SIGNED}")),
        ("enrol", format!("key enrol attrs {SIGNED}")),
        ("enrol_again", format!("key enrol attrs {SIGNED}")),
        ("add_nonsense", format!("key add attrs --new nonsense {SIGNED}")),
        ("add", format!("key add attrs --new {next} {SIGNED} --json")),
        ("complete", format!("key complete attrs {SIGNED}")),
        ("complete_again", format!("key complete attrs {SIGNED}")),
        ("partial", "key partial attrs --sign-with next.key".to_owned()),
        ("revoke", format!("key revoke attrs --which {next} {SIGNED}")),
        ("revoked_signs", "key complete attrs --sign-with next.key".to_owned()),
        ("rotate_back", format!("key rotate attrs --to next.key {SIGNED}")),
        ("list", "key list attrs".to_owned()),
        ("list_json", "key list attrs --json".to_owned()),
        ("lookup", "lookup project attrs".to_owned()),
    ] {
        let shown = timeless(&session.run(&args).await);
        insta::assert_snapshot!(format!("keys_{name}"), shown);
    }
}

#[tokio::test]
async fn an_enrolment_that_waits_is_undecided() {
    let session = session().await;
    session.server.lie(Lie::KeyPending);
    let args = format!("key enrol attrs {SIGNED}");
    insta::assert_snapshot!("pending", session.run(&args).await);
    insta::assert_snapshot!("pending_json", session.run(&format!("{args} --json")).await);
}

#[tokio::test]
async fn releases_are_expected_and_judged() {
    let session = enrolled().await;
    session.write("attrs-5.0.tar.gz", "not five");
    session.write("notes.txt", "notes");
    let dist = "dist/attrs-5.0.tar.gz dist/attrs-5.0.tar.gz.asc \
                dist/attrs-5.0.tar.gz.publish.attestation dist/attrs-1.0.tar.gz";
    for (name, args) in [
        ("no_distribution", format!("expect {dist} notes.txt {SIGNED}")),
        ("only_beside", format!("expect dist/attrs-5.0.tar.gz.asc {SIGNED}")),
        ("other_project", format!("expect {dist} --project requests {SIGNED}")),
        ("other_version", format!("expect {dist} --version 6.0 {SIGNED}")),
        ("other_key", format!("expect {dist} --sign-with next.key")),
        ("dist", format!("expect {dist} {SIGNED}")),
        ("again_json", format!("expect dist/attrs-1.0.tar.gz --json {SIGNED}")),
        ("contradiction", format!("expect attrs-5.0.tar.gz {SIGNED}")),
        ("twice", format!("expect attrs-5.0.tar.gz dist/attrs-5.0.tar.gz {SIGNED}")),
        ("unexpected", format!("expect attrs-1.0-py3-none-any.whl {SIGNED}")),
        ("verify_dist", "verify dist/attrs-1.0.tar.gz dist/attrs-5.0.tar.gz".to_owned()),
        ("verify_unexpected", "verify attrs-5.0.tar.gz".to_owned()),
        ("lookup", "lookup project attrs".to_owned()),
        ("lookup_file", "lookup file attrs-5.0.tar.gz".to_owned()),
        ("lookup_json", "lookup file attrs-1.0-py3-none-any.whl --json".to_owned()),
    ] {
        let shown = timeless(&session.run(&args).await);
        insta::assert_snapshot!(format!("expect_{name}"), shown);
    }
}

#[tokio::test]
async fn every_command_hears_the_publisher() {
    let session = enrolled().await;
    session.run(&format!("expect attrs-1.0-py3-none-any.whl dist/attrs-1.0.tar.gz {SIGNED}")).await;
    session.write("dist/attrs-1.0-py3-none-any.whl", "wheel");
    for (args, unexpected) in [
        ("audit dist/attrs-1.0-py3-none-any.whl", true),
        ("verify --local mirror dist/attrs-1.0-py3-none-any.whl", true),
        ("hashes attrs==1.0", true),
        ("verify --local mirror dist/attrs-1.0.tar.gz", false),
    ] {
        let shown = session.run(args).await;
        assert_eq!(shown.contains("unexpected"), unexpected, "{shown}");
        assert_eq!(shown.ends_with("--- exit 1\n"), unexpected, "{shown}");
    }
    let digest = crate::log::digest;
    let (own, listed) = (digest("built here"), digest("wheel"));
    let wheel = "--filename attrs-1.0-py3-none-any.whl";
    let args = format!("explain {wheel} --expected {own} --got {listed} --project attrs --json");
    let shown = session.run(&args).await;
    assert!(shown.contains("\"cause\":\"unexpected\""), "{shown}");
}

#[tokio::test]
async fn what_nobody_expects_is_bad_where_everything_is() {
    let session = enrolled().await;
    session.run(&format!("key complete attrs {SIGNED}")).await;
    session.server.append(&[file("attrs-5.0.tar.gz", "five")]);
    let args = "verify dist/attrs-5.0.tar.gz";
    let code = session.command(args).output().await.unwrap().status.code();
    assert_eq!(code, Some(2), "within the time of grace");
    let mut log = session.server.log();
    log.append_epoch(|epoch| epoch.time = crate::log::time(120));
    session.server.replace(log);
    insta::assert_snapshot!("undeclared_verify", timeless(&session.run(args).await));
    let shown = session.run("lookup file attrs-5.0.tar.gz").await;
    insta::assert_snapshot!("undeclared_lookup", timeless(&shown));
}

#[tokio::test]
async fn a_log_that_lies_about_what_it_logged_is_found_out() {
    let session = enrolled().await;
    for (name, lie) in [
        ("altered", Lie::ReceiptAltered),
        ("not_now", Lie::NotNow),
        ("no_statements", Lie::NoStatements),
    ] {
        session.server.lie(lie);
        let shown = session.run(&format!("expect dist/attrs-5.0.tar.gz {SIGNED}")).await;
        insta::assert_snapshot!(format!("receipt_{name}"), shown);
    }
}

#[tokio::test]
async fn files_that_are_no_keys_to_sign_with() {
    let session = session().await;
    session.write("public", format!("{}\n", vkey(&session, "release.key").await));
    session.write("secret", "-----BEGIN OPENSSH PRIVATE KEY-----\n");
    session.write("rsa.pub", "ssh-rsa AAAAB3NzaC1yc2EAAAABBw== me\n");
    let ed25519 = "AAAAC3NzaC1lZDI1NTE5AAAAIAcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcH";
    session.write("ssh.pub", format!("ssh-ed25519 {ed25519} me\n"));
    for name in ["missing", "public", "secret", "rsa.pub", "ssh.pub"] {
        let shown = session.run(&format!("key enrol attrs --sign-with {name}")).await;
        insta::assert_snapshot!(format!("signer_{name}"), shown);
    }
    insta::assert_snapshot!("key_ssh", session.run("key ssh attrs-ssh ssh.pub").await);
}

#[tokio::test]
async fn an_ssh_key_speaks_for_a_project() {
    let session = session().await;
    let made = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(session.path("id"))
        .status();
    // Not every machine has OpenSSH.
    if !made.is_ok_and(|status| status.success()) {
        return;
    }
    let signed = "--sign-with id.pub --name attrs-ssh";
    for args in [
        format!("key enrol attrs {signed}"),
        format!("expect dist/attrs-1.0.tar.gz {signed}"),
        "verify dist/attrs-1.0.tar.gz".to_owned(),
        format!("key rotate attrs --to release.key {signed}"),
    ] {
        let mut command = session.command(&args);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        let output = command.output().await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{args}: {output:?}");
    }
    let shown = session.run("key list attrs").await;
    assert!(shown.contains("replaced  attrs-ssh+"), "{shown}");
    // Without its secret half there is no signature, and that is no success.
    std::fs::remove_file(session.path("id")).unwrap();
    let output = session.command(&format!("key enrol other {signed}")).output().await.unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
}
