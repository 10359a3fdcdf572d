//! A log with a little of everything, and a proxy and a browser in front of it.

use std::time::Duration;

use indelible_proto::v1::fact::Fact as Kind;
use indelible_proto::v1::{ContentFact, ListedFile, StatusFact, UnlistedFile};
use record::Digest;

use super::browser::Browser;
use super::proxy::Proxy;
use crate::harness::{
    Publisher, Server, Submitter, TestLog, change, expect, fact, file, files, raw, sdist, within,
};

/// A reason that is no harmless text.
pub(super) const HOSTILE: &str = "<script>document.title='owned'</script>\u{202e}\"'&";
/// A file with two hashes.
pub(super) const CHANGED: &str = "project_5-1.5.tar.gz";
/// A file that differs from what its publisher said.
pub(super) const UNEXPECTED: &str = "project_1-2.1.tar.gz";
/// A file with all its entries of one sort.
pub(super) const CALM: &str = "project_2-1.2.tar.gz";

/// A browser before a proxy before a log.
pub(super) struct Scene {
    pub(super) log: TestLog,
    pub(super) server: Server,
    pub(super) proxy: Proxy,
    pub(super) browser: Browser,
}

impl Scene {
    /// All of it; `None` where there is no browser.
    pub(super) async fn set() -> Option<Scene> {
        let browser = Browser::open().await?;
        let log = TestLog::create().await;
        let server = serve(&log).await;
        fill(&server).await;
        let proxy = Proxy::start(&server).await;
        Some(Scene { log, server, proxy, browser })
    }

    /// The address of a page.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.proxy.url)
    }

    /// Opens a page and waits until its verification has ended.
    pub(super) async fn visit(&self, path: &str) -> String {
        self.browser.visit(&self.url(path)).await
    }
}

/// Serves the log so that it sums itself up at once.
pub(super) async fn serve(log: &TestLog) -> Server {
    log.serve_with(&["--enrolment", "open", "--epoch-interval", "0"]).await
}

/// Entries of every kind.
pub(super) async fn fill(server: &Server) {
    let mut submitter = Submitter::open(server).await;
    submitter.submit(files(0..900)).await;
    let changed = ListedFile {
        sha256: vec![7; 32].into(),
        uploaded: Some("2026-11-27T10:00:00.123456Z".to_owned()),
        yanked: Some(HOSTILE.to_owned()),
        ..file(5)
    };
    submitter.submit(vec![fact(Kind::Listed(changed))]).await;
    submitter.submit(vec![fact(Kind::Listed(file(5)))]).await;
    let (project, filename) = (file(3).project, file(3).filename);
    submitter.submit(vec![fact(Kind::Unlisted(UnlistedFile { project, filename }))]).await;
    submitter.submit(vec![quarantined("project-4"), mismatch(6)]).await;
    let publisher = Publisher::new("project-1", 1);
    change(server, publisher.enrolment()).await.unwrap().unwrap();
    expect(server, vec![publisher.sdist("2.0"), publisher.sdist("2.1")]).await.unwrap();
    let as_expected = Digest::sha256(b"project_1-2.0.tar.gz");
    submitter.submit(vec![sdist("2.0", as_expected), sdist("2.1", Digest::from([9; 32]))]).await;
    settle(server).await;
}

/// Waits until the log has summed up everything.
pub(super) async fn settle(server: &Server) {
    let settled = async {
        loop {
            let path = format!("/evidence/file/{CALM}.evidence");
            let answer = raw(server.address(), "GET", &path, "").await;
            let text = String::from_utf8(answer.body).unwrap();
            if answer.status == 200 && !text.contains("\ntail ") {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    within("an epoch over everything", settled).await;
}

fn quarantined(project: &str) -> indelible_proto::v1::Fact {
    fact(Kind::Status(StatusFact {
        project: project.to_owned(),
        status: "quarantined".to_owned(),
        reason: Some("looked at".to_owned()),
        ..StatusFact::default()
    }))
}

fn mismatch(number: u64) -> indelible_proto::v1::Fact {
    let ListedFile { project, version, filename, sha256, .. } = file(number);
    let got = vec![8; 32].into();
    fact(Kind::Content(ContentFact { project, version, filename, sha256, got }))
}
