//! `hashes`: pins of nothing but what is proven.

use crate::log::{TestLog, digest, file, filler, removed, status, yanked};
use crate::{Session, timeless};

fn log() -> TestLog {
    let mut log = TestLog::new(&filler(10));
    let sized = |filename: &str, content: &str| {
        let record::Entry::File(mut entry) = file(filename, content) else { unreachable!() };
        entry.size = Some(content.len() as u64);
        entry.uploaded = Some("2026-11-20T10:00:00.123456Z".to_owned());
        entry.blake2b = Some(digest(&format!("blake {content}")));
        record::Entry::File(entry)
    };
    log.append(&[
        sized("attrs-1.0.tar.gz", "sdist"),
        sized("attrs-1.0-py3-none-any.whl", "wheel"),
        file("attrs-1.0-cp314-cp314-linux_x86_64.whl", "late"),
        file("attrs-1.0.zip", "zip"),
        file("attrs-1.0-py3.9.egg", "egg"),
        file("attrs-1.0-cp27-none-any.whl", "gone"),
        removed("attrs-1.0-cp27-none-any.whl", "gone"),
        file("attrs-2.0.tar.gz", "first"),
        file("attrs-2.0.tar.gz", "second"),
        file("attrs-0.9.tar.gz", "old"),
        removed("attrs-0.9.tar.gz", "old"),
        file("attrs-0.8.tar.gz", "older"),
        yanked("attrs-0.8.tar.gz", "broken"),
        file("evil-1.0.tar.gz", "evil"),
        status("evil", record::Status::Quarantined),
    ]);
    log.append_epoch(|_| ());
    log
}

async fn session() -> Session {
    let session = Session::start(log()).await;
    session.write("requirements.txt", "Attrs[extra]==1.0.0 ; python_version > '3'\nattrs==0.8\n");
    session.write("loose.txt", "attrs>=1.0\n");
    session
}

#[tokio::test]
async fn releases_are_pinned_by_what_is_proven() {
    let session = session().await;
    for (name, args) in [
        ("requirements", "hashes attrs==1.0"),
        ("file", "hashes -r requirements.txt"),
        ("pylock", "hashes --pylock attrs==1.0 attrs==0.8"),
        ("pylock_urls", "hashes --pylock --files-url https://files.example/ attrs==1.0"),
        ("yanked", "hashes attrs==0.8"),
        ("conflict", "hashes attrs==1.0 attrs==2.0"),
        ("removed", "hashes attrs==0.9"),
        ("quarantined", "hashes evil==1.0"),
        ("unknown", "hashes attrs==1.0 attrs==7"),
        ("no_version", "hashes attrs==nonsense"),
        ("missing", "hashes missing.txt"),
    ] {
        insta::assert_snapshot!(format!("hashes_{name}"), timeless(&session.run(args).await));
    }
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    let session = session().await;
    for (file, args) in [
        ("pinned.txt", "hashes attrs==1.0 attrs==0.8"),
        ("pylock.toml", "hashes --pylock attrs==1.0 attrs==0.8"),
    ] {
        let output = session.command(args).output().await.unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        session.write(file, output.stdout);
        let shown = session.run(&format!("audit --strict {file}")).await;
        assert!(shown.ends_with("--- exit 0\n"), "{shown}");
        let again = session.command(&format!("hashes {file}")).output().await.unwrap();
        let text = String::from_utf8(again.stdout).unwrap();
        assert!(text.contains("attrs==1.0 \\\n") && text.contains("attrs==0.8 \\\n"), "{text}");
    }
}

#[tokio::test]
async fn neither_stale_answers_nor_ranges_pin_anything() {
    let session = session().await;
    for args in ["hashes --max-age 0s attrs==1.0", "hashes -r loose.txt"] {
        let output = session.command(args).output().await.unwrap();
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
    }
}

#[tokio::test]
async fn a_mirror_pins_alike_and_tells_nobody() {
    let session = session().await;
    let asked = session.command("hashes attrs==1.0").output().await.unwrap();
    let before = session.server.lookups();
    for args in ["--local mirror", "--local mirror --offline"] {
        let output = session.command(&format!("hashes {args} attrs==1.0")).output().await.unwrap();
        assert_eq!(output.stdout, asked.stdout, "{output:?}");
    }
    assert_eq!(session.server.lookups(), before);
}
