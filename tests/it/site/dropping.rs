//! Files that are given to the page.

use std::path::{Path, PathBuf};

use fantoccini::Locator;
use record::Digest;

use super::proxy::falsify_signature;
use super::scene::{CALM, CHANGED, Scene, UNEXPECTED};
use crate::harness::{indelible, run, sha256, within};

/// Gives a file to the page and waits for its verdicts, a file's name and a verdict each.
async fn give(scene: &Scene, path: &Path) -> Vec<(String, Option<String>)> {
    let input =
        within("the input", scene.browser.client.find(Locator::Css("#files"))).await.unwrap();
    input.send_keys(path.to_str().unwrap()).await.unwrap();
    verdicts_of(scene).await
}

/// What the page says of files that it was given, when it is done with them.
async fn verdicts_of(scene: &Scene) -> Vec<(String, Option<String>)> {
    let done = "return document.querySelector('#results h2') !== null \
                && document.querySelector('#results p').textContent !== '' \
                && document.body.dataset.verdict !== 'checking'";
    scene.browser.until(done).await;
    let rows = "return [...document.querySelectorAll('#results tbody tr')].map((row) => \
                [row.cells[1]?.textContent ?? '', row.dataset.verdict ?? null])";
    serde_json::from_value(scene.browser.run(rows).await).unwrap()
}

fn written(scene: &Scene, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = scene.log.path(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

/// Opens the page on which files are given.
async fn open(scene: &Scene) {
    scene.browser.client.goto(&scene.url("/check")).await.unwrap();
    scene.browser.until("return !document.querySelector('#drop').hidden").await;
}

#[tokio::test]
async fn lock_files_are_judged_line_by_line() {
    let Some(scene) = Scene::set().await else { return };
    let unknown = "ab".repeat(32);
    let lock = format!(
        r#"version = 1
requires-python = ">=3.12"

[[package]]
name = "Project_2"
version = "1.2"
source = {{ registry = "https://index.example/simple" }}
sdist = {{ url = "https://files.example/{CALM}", hash = "sha256:{calm}", size = 2 }}

[[package]]
name = "project-5"
version = "1.5"
source = {{ registry = "https://index.example/simple" }}
wheels = [
    {{ url = "https://files.example/{CHANGED}", hash = "sha256:{changed}" }},
    # A late wheel that the log does not have.
    {{ url = "https://files.example/project_5-1.5-py3-none-any.whl", hash = "sha256:{unknown}" }},
]

[[package]]
name = "from-git"
version = "3"
source = {{ git = "https://forge.example/a/b?rev=main#0123" }}
"#,
        calm = sha256(2),
        changed = sha256(5),
    );
    open(&scene).await;
    let path = written(&scene, "uv.lock", lock);
    let found = give(&scene, &path).await;
    agrees_with_the_command_line(&scene, &path, &found).await;
    assert_eq!(
        verdicts(&found),
        [
            (CALM, "match"),
            (CHANGED, "conflict"),
            ("project_5-1.5-py3-none-any.whl", "known-release-unknown-hash"),
            ("from-git 3", "not-from-index"),
        ]
    );
    assert_eq!(scene.browser.text_of("return document.body.dataset.verdict").await, "bad");

    let requirements = format!(
        "# pinned\nproject-3==1.3 \\\n    --hash=sha256:{removed}\nproject-4==1.4 --hash=sha256:{held}\n\
         nobody==9 --hash=sha256:{unknown}\nproject-2[extra]==1.9 ; python_version > '3' --hash=sha256:{other}\n\
         project-2==1.2 --hash=sha512:00\nunpinned\n",
        removed = sha256(3),
        held = sha256(4),
        other = sha256(9),
    );
    open(&scene).await;
    let path = written(&scene, "requirements.txt", requirements);
    let found = give(&scene, &path).await;
    agrees_with_the_command_line(&scene, &path, &found).await;
    assert_eq!(
        verdicts(&found),
        [
            ("project-3 1.3", "match-removed"),
            ("project-4 1.4", "match-quarantined"),
            // Nothing says how far this log has seen the index.
            ("nobody 9", "not-yet-observed"),
            ("project-2 1.9", "match"),
            ("project-2 1.2", "uncovered-algorithm"),
            ("unpinned", "uncovered-algorithm"),
        ]
    );
    assert_eq!(scene.browser.text_of("return document.body.dataset.verdict").await, "undecided");

    let pylock = format!(
        "lock-version = \"1.0\"\ncreated-by = 'x'\n[[packages]]\nname = \"project-1\"\nversion = \"2.1\"\n\
         [packages.sdist]\nname = \"{UNEXPECTED}\"\nhashes = {{ sha256 = \"{}\" }}\n\
         [[packages]]\nname = 'project-1'\nversion = '2.0'\nsdist = {{ url = 'https://files.example/project_1-2.0.tar.gz', hashes = {{ sha256 = '{}' }} }}\n",
        "09".repeat(32),
        Digest::sha256(b"project_1-2.0.tar.gz"),
    );
    open(&scene).await;
    let path = written(&scene, "pylock.toml", pylock);
    let found = give(&scene, &path).await;
    agrees_with_the_command_line(&scene, &path, &found).await;
    assert_eq!(verdicts(&found), [(UNEXPECTED, "unexpected"), ("project_1-2.0.tar.gz", "match")]);
    scene.browser.close().await;
}

/// What `indelible audit` says of the same file has to be the same, whatever its order.
async fn agrees_with_the_command_line(
    scene: &Scene,
    path: &Path,
    found: &[(String, Option<String>)],
) {
    let mut command = indelible();
    command.env("HOME", scene.log.path("home")).arg("audit").arg(path);
    command.args(["--json", "--log", &scene.server.url, "--key", &scene.log.key().to_string()]);
    let ended = run(command).await;
    let said: serde_json::Value = serde_json::from_str(&ended.stdout)
        .unwrap_or_else(|error| panic!("{error}: {}", ended.stderr));
    let said = said["results"].as_array().unwrap().iter();
    let mut said: Vec<String> =
        said.map(|result| result["verdict"].as_str().unwrap().to_owned()).collect();
    let mut here: Vec<String> = found.iter().filter_map(|(_, verdict)| verdict.clone()).collect();
    said.sort();
    here.sort();
    assert_eq!(here, said, "{}", path.display());
}

fn verdicts(found: &[(String, Option<String>)]) -> Vec<(&str, &str)> {
    found
        .iter()
        .map(|(name, verdict)| (name.as_str(), verdict.as_deref().unwrap_or("none")))
        .collect()
}

#[tokio::test]
async fn a_file_never_leaves_the_machine() {
    let Some(scene) = Scene::set().await else { return };
    let secret = b"project_1-2.0.tar.gz";
    open(&scene).await;
    scene.proxy.asked();
    // The bytes are those that the log knows as this sdist.
    let found = give(&scene, &written(&scene, "project_1-2.0.tar.gz", secret)).await;
    assert_eq!(verdicts(&found), [("project_1-2.0.tar.gz", "match")]);
    open(&scene).await;
    let found = give(&scene, &written(&scene, "renamed_9-1.0.zip", secret)).await;
    assert_eq!(verdicts(&found), [("renamed_9-1.0.zip", "same-bytes-other-name")]);
    let asked = scene.proxy.asked();
    assert!(asked.len() >= 5, "{asked:?}");
    for request in &asked {
        assert!(request.starts_with("GET /") && request.ends_with(" 0"), "{request}");
        let is_known = ["/check ", "/evidence/", "/checkpoint", "/consistency/", "/site/"];
        assert!(is_known.iter().any(|path| request[4..].starts_with(path)), "{request}");
    }
    open(&scene).await;
    let nothing = give(&scene, &written(&scene, "notes.doc", "x")).await;
    assert_eq!(nothing, []);
    let says = scene.browser.text("#results").await;
    assert!(says.contains("Could not be checked"), "{says}");
    scene.browser.close().await;
}

/// Lets go of a file over the heading.
const DROP: &str = "const held = new DataTransfer(); \
     held.items.add(new File([arguments[0]], 'requirements.txt')); \
     const target = document.querySelector('h1'); \
     for (const kind of ['dragover', 'drop']) target.dispatchEvent(new DragEvent(kind, \
     { dataTransfer: held, bubbles: true, cancelable: true }))";

#[tokio::test]
async fn files_can_be_dropped_anywhere() {
    let Some(scene) = Scene::set().await else { return };
    open(&scene).await;
    let lock = format!("project-2==1.2 --hash=sha256:{}\n", sha256(2));
    let dropped = scene.browser.client.execute(DROP, vec![lock.into()]);
    within("a drop", dropped).await.unwrap();
    let found = verdicts_of(&scene).await;
    assert_eq!(verdicts(&found), [("project-2 1.2", "match")]);
    let here = scene.browser.text_of("return location.pathname").await;
    assert_eq!(here, "/check", "the browser did not open the file instead");
    scene.browser.close().await;
}

#[tokio::test]
async fn without_a_proof_there_is_no_verdict() {
    let Some(scene) = Scene::set().await else { return };
    open(&scene).await;
    scene.proxy.lie(|path, body| {
        if path.starts_with("/evidence/") {
            falsify_signature(body);
        }
    });
    let lock = format!("project-2==1.2 --hash=sha256:{}\n", sha256(2));
    let found = give(&scene, &written(&scene, "requirements.txt", lock)).await;
    let decided: Vec<_> = found.iter().filter(|(_, verdict)| verdict.is_some()).collect();
    assert!(decided.is_empty(), "{decided:?}");
    assert_eq!(scene.browser.text_of("return document.body.dataset.verdict").await, "disproven");
    scene.browser.close().await;
}
