//! Documents that are damaged, hostile, or of the other form.

use record::{Digest, ProjectName};
use reqwest::Url;
use serde_json::Value;

use super::{Metadata, Offer, Offered, Page};
use crate::proxy::media::Media;

const JSON: &str = r#"{"meta":{"api-version":"1.1"},"name":"A.b","versions":["1.0",7],"files":[
    {"filename":"a_b-1.0.tar.gz","url":"../f/a_b-1.0.tar.gz#x","hashes":{"sha256":"E3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
     "yanked":"<!-- \" -->","core-metadata":{"sha256":"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},"size":10},
    {"filename":"a_b-2.0.zip","url":"https://files.example/a","hashes":{},"dist-info-metadata":true,"\ud83d\ude00":[]}]}"#;
const HTML: &str = "<!DOCTYPE html><html><meta name='pypi:project-status' content='archived'>\
    <a href='../f/a_b-1.0.tar.gz#sha256=e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855' \
    data-yanked='&lt;!-- &quot; --&gt;' data-core-metadata='true'>x</a><a href='a%5fb-2.0.zip'>y</a></html>";

fn project() -> ProjectName {
    ProjectName::parse("a-b").unwrap()
}

fn parse(media: Media, body: &[u8]) -> Result<Page, String> {
    let url = Url::parse("https://index.example/simple/a-b/").unwrap();
    Page::parse(media, body, &project(), &url)
}

/// Writes a page with every file, one of them withdrawn.
fn render(page: &Page, media: Media) -> Vec<u8> {
    let offered = |(place, file): (usize, _)| Offered {
        file,
        sha256: file.sha256,
        metadata: None,
        withdrawn: (place == 1).then_some("<withdrawn> -->"),
    };
    let files = page.files.iter().enumerate().map(offered).collect();
    let left_out = vec![("--><script>", "-->")];
    Offer { project: &project(), page, files, left_out }.render(media)
}

#[test]
fn both_forms_say_the_same() {
    for (media, sample) in [(Media::Json, JSON), (Media::Html, HTML)] {
        let page = parse(media, sample.as_bytes()).unwrap();
        let [first, second] = page.files.as_slice() else { panic!("{page:?}") };
        assert_eq!((first.filename.as_str(), first.version.as_str()), ("a_b-1.0.tar.gz", "1.0"));
        assert_eq!(first.url.as_str(), "https://index.example/simple/f/a_b-1.0.tar.gz");
        assert_eq!((first.sha256, second.sha256), (Some(Digest::sha256(b"")), None));
        let metadata = first.metadata.or(second.metadata).unwrap();
        assert!(media == Media::Html || metadata == Metadata::Hashed(Digest::sha256(b"")));
        assert_eq!(second.filename, "a_b-2.0.zip");
        let json: Value = serde_json::from_slice(&render(&page, Media::Json)).unwrap();
        assert_eq!(json["files"][0]["yanked"], "<!-- \" -->");
        assert_eq!(json["files"][1]["yanked"], "refused by indelible proxy: <withdrawn> -->");
        let html = String::from_utf8(render(&page, Media::Html)).unwrap();
        assert!(html.contains("data-yanked=\"&lt;!-- &quot; --&gt;\""), "{html}");
        assert_eq!(html.matches("-->").count(), 1, "{html}");
        assert!(!html.contains("<script>"), "{html}");
    }
}

#[test]
fn what_is_served_can_be_read_again() {
    for (media, sample) in [(Media::Json, JSON), (Media::Html, HTML)] {
        let page = parse(media, sample.as_bytes()).unwrap();
        for form in [Media::Json, Media::Html] {
            let again = parse(form, &render(&page, form)).unwrap();
            let names = |page: &Page| -> Vec<String> {
                page.files.iter().map(|file| file.filename.clone()).collect()
            };
            assert_eq!(names(&again), names(&page), "{form:?}");
            assert_eq!(again.files[0].sha256, page.files[0].sha256);
        }
    }
}

#[test]
fn damaged_documents_are_refused_or_read_without_harm() {
    for (media, sample) in [(Media::Json, JSON), (Media::Html, HTML)] {
        for at in 0..sample.len() {
            let mut damaged = sample.as_bytes().to_vec();
            for byte in [b'"', b'}', 0, 0xff] {
                damaged[at] = byte;
                let Ok(page) = parse(media, &damaged) else { continue };
                let json = render(&page, Media::Json);
                assert!(serde_json::from_slice::<Value>(&json).is_ok(), "{page:?}");
                render(&page, Media::Html);
            }
            let cut = parse(media, &sample.as_bytes()[..at]);
            assert!(media == Media::Html || cut.is_err(), "{at}");
        }
    }
}

#[test]
fn files_that_cannot_be_passed_on() {
    let sha256 = Digest::sha256(b"");
    let file = |filename: &str, url: &str, sha256: &str| serde_json::json!({ "filename": filename, "url": url, "hashes": { "sha256": sha256 } });
    let long = "a".repeat(70_000);
    let sha256 = sha256.to_string();
    for file in [
        file("", "x", &sha256),
        file("..", "x", &sha256),
        file("a\nb", "x", &sha256),
        file(&long, "x", &sha256),
        file("a.zip", "ftp://files.example/a.zip", &sha256),
        file("a.zip", "javascript:alert(1)", &sha256),
        file("a.zip", "http://", &sha256),
        file("a.zip", "x", "abc"),
        serde_json::json!({ "url": "x" }),
        serde_json::json!({ "filename": "a.zip" }),
        serde_json::json!(7),
    ] {
        let page = serde_json::json!({ "name": "a-b", "files": [file] });
        let page = parse(Media::Json, page.to_string().as_bytes()).unwrap();
        assert_eq!((page.files.len(), page.unusable.len()), (0, 1), "{page:?}");
    }
}
