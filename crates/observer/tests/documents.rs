//! Documents of both forms, plain, odd and hostile.
#![allow(clippy::unwrap_used, reason = "a test that cannot be set up has failed")]

use observer::{DocumentError, FileProblem, Form, ProjectList, ProjectPage};
use record::{ProjectName, Status};

fn page(form: Form, body: impl AsRef<[u8]>) -> Result<ProjectPage, DocumentError> {
    ProjectPage::parse(form, body.as_ref(), &ProjectName::parse("foo-bar").unwrap())
}

const A: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
const B: &str = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

#[test]
fn a_json_page_with_everything() {
    let path = format!("{}/{}/{}", &B[..2], &B[2..4], &B[4..]);
    let body = format!(
        r#"{{"meta":{{"api-version":"1.4","_last-serial":"77","_private":1}},"name":"Foo.Bar","unknown":[],
        "project-status":{{"status":"archived","reason":"done"}},"versions":["1.0","not pep440!"],
        "files":[{{"filename":"foo_bar-1.0.tar.gz","url":"https://files.example/packages/{path}/foo_bar-1.0.tar.gz",
        "hashes":{{"md5":"0","sha256":"{upper}"}},"size":12,"upload-time":"2023-05-22T15:12:44.175051Z",
        "yanked":"broken","core-metadata":{{"sha256":"{B}"}},"provenance":"https://index.example/p",
        "requires-python":"","gpg-sig":false}}]}}"#,
        upper = A.to_uppercase(),
    );
    let page = page(Form::Json, body).unwrap();
    assert_eq!(page.serial, Some(77));
    assert_eq!(page.status, Some((Status::Archived, Some("done".to_owned()))));
    assert!(page.refused.is_empty());
    let file = &page.files[0];
    assert_eq!((file.version.as_str(), file.filename.as_str()), ("1.0", "foo_bar-1.0.tar.gz"));
    assert_eq!((file.sha256.to_string(), file.size), (A.to_owned(), Some(12)));
    assert_eq!(file.blake2b.unwrap().to_string(), B);
    assert_eq!(file.metadata.unwrap().to_string(), B);
    assert_eq!(file.uploaded.as_deref(), Some("2023-05-22T15:12:44.175051Z"));
    assert_eq!(file.yanked.as_deref(), Some("broken"));
    assert!(file.provenance);
}

#[test]
fn project_status_in_every_spelling() {
    let cases = [
        ("", Some(Status::Active)),
        (r#""project-status":{"status":"quarantined"},"#, Some(Status::Quarantined)),
        (r#""project-status":{"state":"deprecated"},"#, Some(Status::Deprecated)),
        (r#""project-status":"archived","#, Some(Status::Archived)),
        (r#""project-status":{"status":"frozen"},"#, None),
        (r#""project-status":7,"#, None),
        (r#""meta":{"project-status":"archived"},"#, Some(Status::Archived)),
    ];
    for (text, status) in cases {
        let page = page(Form::Json, format!(r#"{{{text}"name":"foo-bar","files":[]}}"#)).unwrap();
        assert_eq!(page.status.map(|(status, _)| status), status, "{text}");
    }
}

#[test]
fn optional_fields_of_json_files() {
    let cases = [
        (r#""yanked":true"#, Some(""), None, None),
        (r#""yanked":false"#, None, None, None),
        (r#""yanked":"""#, None, None, None),
        (r#""yanked":7"#, None, None, None),
        (r#""size":-1,"upload-time":5"#, None, None, None),
        (r#""size":9007199254740993"#, None, None, None),
        (r#""size":5,"core-metadata":true"#, None, Some(5), None),
        (r#""core-metadata":false,"dist-info-metadata":{"sha256":"B"}"#, None, None, Some(B)),
        (r#""data-dist-info-metadata":{"sha256":"B"}"#, None, None, Some(B)),
        (r#""upload-time":"2020\u0000""#, None, None, None),
    ];
    for (text, yanked, size, metadata) in cases {
        let text = text.replace("\"B\"", &format!("\"{B}\""));
        let body = format!(
            r#"{{"name":"foo-bar","files":[{{"filename":"foo_bar-2.zip","url":"u","hashes":{{"sha256":"{A}"}},{text}}}]}}"#
        );
        let page = page(Form::Json, body).unwrap();
        let file = &page.files[0];
        assert_eq!(file.yanked.as_deref(), yanked, "{text}");
        assert_eq!((file.size, &file.uploaded), (size, &None), "{text}");
        assert_eq!(file.metadata.map(|digest| digest.to_string()).as_deref(), metadata, "{text}");
        assert_eq!((file.version.as_str(), file.provenance), ("2", false));
    }
}

#[test]
fn files_are_refused_one_by_one() {
    let good = format!(r#"{{"filename":"foo_bar-1.zip","url":"u","hashes":{{"sha256":"{A}"}}}}"#);
    let long = "x".repeat(1025);
    let cases = [
        (r#"{"filename":"a.zip","url":"u","hashes":{}}"#, Some("a.zip"), "no sha256"),
        (r#"{"filename":"a.zip","url":"u"}"#, Some("a.zip"), "no sha256"),
        (r#"{"filename":"a.zip","url":"u","hashes":{"md5":"aa"}}"#, Some("a.zip"), "no sha256"),
        (r#"{"filename":"a.zip","hashes":{"sha256":"aa"}}"#, Some("a.zip"), "64 digits"),
        (r#"{"filename":"a\u0000.zip","hashes":{"sha256":"A"}}"#, Some("a\0.zip"), "control"),
        (r#"{"filename":"a\n.zip","hashes":{"sha256":"A"}}"#, Some("a\n.zip"), "control"),
        (r#"{"filename":"","hashes":{"sha256":"A"}}"#, Some(""), "no name"),
        (r#"{"filename":"LONG","hashes":{"sha256":"A"}}"#, Some("LONG"), "more than"),
        (r#"{"filename":"a\ud800.zip","hashes":{"sha256":"A"}}"#, None, "cannot be read"),
        (r#"{"filename":7,"hashes":{"sha256":"A"}}"#, None, "cannot be read"),
        (r#"{"hashes":{"sha256":"A"}}"#, None, "cannot be read"),
        ("[]", None, "cannot be read"),
        ("null", None, "cannot be read"),
    ];
    for (text, filename, problem) in cases {
        let text = text.replace("\"A\"", &format!("\"{A}\"")).replace("LONG", &long);
        let body = format!(r#"{{"name":"foo-bar","files":[{text},{good}]}}"#);
        let page = page(Form::Json, body).unwrap();
        assert_eq!((page.files.len(), page.refused.len()), (1, 1), "{text}");
        let refused = &page.refused[0];
        let filename = filename.map(|name| name.replace("LONG", &long));
        assert_eq!(refused.filename, filename, "{text}");
        assert!(refused.problem.to_string().contains(problem), "{text}: {}", refused.problem);
        assert_eq!(page.names_all_files(), filename.is_some());
    }
}

#[test]
fn odd_filenames_are_kept_verbatim() {
    let long = "x".repeat(1000);
    for filename in ["a b.zip", "caf\u{e9}-1.zip", "../../etc/passwd", "%41.zip", &long] {
        let body = serde_json::json!({"name": "foo-bar", "files":
            [{"filename": filename, "url": "", "hashes": {"sha256": A}}]});
        assert_eq!(page(Form::Json, body.to_string()).unwrap().files[0].filename, filename);
    }
}

#[test]
fn a_second_hash_for_a_filename_is_kept() {
    let body = format!(
        r#"{{"name":"foo-bar","files":[{{"filename":"a.zip","hashes":{{"sha256":"{A}"}}}},
        {{"filename":"a.zip","hashes":{{"sha256":"{B}"}}}}]}}"#
    );
    let files = page(Form::Json, body).unwrap().files;
    assert_eq!([files[0].sha256.to_string(), files[1].sha256.to_string()], [A, B]);
}

#[test]
fn pages_that_are_refused_as_a_whole() {
    type Expected = fn(&DocumentError) -> bool;
    let malformed: Expected = |error| matches!(error, DocumentError::Malformed(_));
    let truncated: Expected = |error| matches!(error, DocumentError::Truncated);
    let wrong: Expected = |error| matches!(error, DocumentError::WrongProject(_));
    let version: Expected = |error| matches!(error, DocumentError::ApiVersion(_));
    let not_utf8: Expected = |error| matches!(error, DocumentError::NotUtf8);
    let deep = format!(r#"{{"name":"foo-bar","files":[{}]}}"#, "[".repeat(100_000));
    let cases: [(Form, &[u8], Expected); 18] = [
        (Form::Json, b"", truncated),
        (Form::Json, br#"{"name":"foo-bar","files":["#, truncated),
        (Form::Json, br#"{"name":"foo-bar","fil"#, truncated),
        (Form::Json, br#"{"name":"foo-bar","files":[]} x"#, malformed),
        (Form::Json, br#"{"name":"foo-bar"}"#, malformed),
        (Form::Json, br#"{"name":"foo-bar","files":null}"#, malformed),
        (Form::Json, br#"{"name":"foo-bar","files":[],"files":[]}"#, malformed),
        (Form::Json, br#"{"files":[]}"#, malformed),
        (Form::Json, deep.as_bytes(), malformed),
        (Form::Json, b"<html></html>", malformed),
        (Form::Json, br#"{"name":"foo","files":[]}"#, wrong),
        (Form::Json, br#"{"name":"","files":[]}"#, wrong),
        (Form::Json, br#"{"meta":{"api-version":"2.0"},"name":"foo-bar","files":[]}"#, version),
        (Form::Json, b"{\"name\":\"foo-bar\",\"files\":[],\"x\":\"\xff\"}", not_utf8),
        (Form::Html, b"<html><body><a href='a.zip#sha256=00'>a.zip</a>", truncated),
        (Form::Html, b"just text", malformed),
        (Form::Html, b"<meta name='pypi:repository-version' content='2.0'><html></html>", version),
        (Form::Html, b"<html>\xff</html>", not_utf8),
    ];
    for (form, body, expected) in cases {
        let shown = String::from_utf8_lossy(&body[..body.len().min(80)]);
        let error = page(form, body).unwrap_err();
        assert!(expected(&error), "{shown}: {error:?}");
    }
}

#[test]
fn every_prefix_of_a_page_is_refused() {
    let json = format!(
        r#"{{"name":"foo-bar","files":[{{"filename":"a.zip","hashes":{{"sha256":"{A}"}}}}]}}"#
    );
    let html =
        format!("<!DOCTYPE html><html><body><a href='a.zip#sha256={A}'>a.zip</a></body></html>");
    for (form, body, whole) in [(Form::Json, &json, json.len()), (Form::Html, &html, html.len())] {
        for end in 0..whole {
            assert!(page(form, &body[..end]).is_err(), "{}", &body[..end]);
        }
        assert_eq!(page(form, body).unwrap().files.len(), 1);
    }
}

#[test]
fn html_links_in_every_spelling() {
    let cases = [
        (format!("<a href='/p/foo_bar-1.zip#sha256={A}'>foo_bar-1.zip</a>"), "foo_bar-1.zip"),
        (format!("<A HREF=\"foo_bar-1.zip#sha256={A}\" >x</A>"), "foo_bar-1.zip"),
        (format!("<a href=foo_bar-1.zip#sha256={A}>x</a>"), "foo_bar-1.zip"),
        (format!("<a href='http://f.example/foo%20bar.zip?x=1#sha256={A}&y'>x</a>"), "foo bar.zip"),
        (format!("<a href='a&amp;b.zip#md5=0&amp;sha256={A}'>x</a>"), "a&b.zip"),
        (format!("<br/><!-- <a href='no.zip'> --><a\nhref = ' a.zip#sha256={A} '>x"), "a.zip"),
    ];
    for (link, filename) in cases {
        let page = page(Form::Html, format!("<html><body>{link}</body></html>")).unwrap();
        assert!(page.refused.is_empty(), "{link}: {:?}", page.refused);
        assert_eq!(page.files[0].filename, filename, "{link}");
        assert_eq!(page.files[0].sha256.to_string(), A);
    }
}

#[test]
fn html_attributes() {
    let cases = [
        ("data-yanked=\"a &quot;reason&quot;\"", Some("a \"reason\""), None, None, false),
        ("data-yanked", Some(""), None, None, false),
        ("data-core-metadata=\"sha256=B\"", None, Some(B), None, false),
        ("data-dist-info-metadata=\"sha256=B\"", None, Some(B), None, false),
        ("data-dist-info-metadata=\"true\"", None, None, None, false),
        (
            "data-upload-time=\"2020-01-01T00:00:00Z\"",
            None,
            None,
            Some("2020-01-01T00:00:00Z"),
            false,
        ),
        ("data-provenance=\"https://index.example/p\"", None, None, None, true),
        ("data-requires-python=\"&gt;=3\"", None, None, None, false),
    ];
    for (attribute, yanked, metadata, uploaded, provenance) in cases {
        let attribute = attribute.replace("=B", &format!("={B}"));
        let body = format!("<html><a {attribute} href='a-1.zip#sha256={A}'>a</a></html>");
        let file = page(Form::Html, body).unwrap().files.remove(0);
        assert_eq!(file.yanked.as_deref(), yanked, "{attribute}");
        assert_eq!(file.metadata.map(|digest| digest.to_string()).as_deref(), metadata);
        assert_eq!((file.uploaded.as_deref(), file.provenance), (uploaded, provenance));
    }
}

#[test]
fn html_files_without_a_hash_are_counted() {
    let page = page(Form::Html, "<html><a href='../'>up</a><a href='a.zip'>a</a></html>").unwrap();
    assert_eq!(page.refused.len(), 1);
    assert_eq!(page.refused[0].problem, FileProblem::NoSha256);
}

#[test]
fn html_project_status() {
    let body = "<html><head><meta name='pypi:project-status' content='quarantined'>\
        <meta name='pypi:project-status-reason' content='malware'></head></html>";
    let status = page(Form::Html, body).unwrap().status;
    assert_eq!(status, Some((Status::Quarantined, Some("malware".to_owned()))));
}

#[test]
fn lists_are_normalised_sorted_and_without_doubles() {
    let json = r#"{"meta":{"_last-serial":9},"projects":[{"name":"Zope.Interface","_last-serial":3},
        {"name":"a","_last-serial":"5"},{"name":"zope-interface","_last-serial":4},{"name":"-bad-"},
        {"nom":"x"},{"name":"caf\u00e9"}]}"#;
    let list = ProjectList::parse(Form::Json, json.as_bytes()).unwrap();
    let found: Vec<_> =
        list.projects.iter().map(|project| (project.name.as_str(), project.serial)).collect();
    assert_eq!(found, [("a", Some(5)), ("zope-interface", Some(4))]);
    assert_eq!((list.serial, list.refused.len()), (Some(9), 3));
    assert!(list.has("a") && !list.has("b"));

    let html = "<html><a href='/simple/zope.interface/'>Zope.Interface</a><a href='b/'></a></html>";
    let list = ProjectList::parse(Form::Html, html.as_bytes()).unwrap();
    assert!(list.has("zope-interface") && list.has("b") && list.projects.len() == 2);
}

#[test]
fn lists_that_are_refused() {
    for body in ["", "{}", r#"{"projects":[{"name":"a"}"#, r#"{"projects":{}}"#, "[]"] {
        assert!(ProjectList::parse(Form::Json, body.as_bytes()).is_err(), "{body}");
    }
    assert!(ProjectList::parse(Form::Html, b"<html><a href='a/'>a</a>").is_err());
}
