//! What pages are made of.

use record::Timestamp;

use super::home::ago;
use super::row::printable;
use super::{chart, search};

#[test]
fn one_box_finds_projects_files_and_hashes() {
    let hash = "ab".repeat(32);
    for (asked, address) in [
        ("requests", "/projects/requests".to_owned()),
        ("Flask_Login", "/projects/flask-login".to_owned()),
        ("requests-2.31.0.tar.gz", "/files/requests-2.31.0.tar.gz".to_owned()),
        ("Mako-1.1.0-py2.py3-none-any.WHL", "/files/Mako-1.1.0-py2.py3-none-any.WHL".to_owned()),
        (hash.as_str(), format!("/sha256/{hash}")),
        (&format!("sha256:{}", hash.to_uppercase()), format!("/sha256/{hash}")),
        ("a/b c?.zip", "/files/a%2Fb%20c%3F.zip".to_owned()),
        ("\"><script>", "/files/%22%3E%3Cscript%3E".to_owned()),
    ] {
        assert_eq!(search::address(asked).as_ref(), Some(&address), "{asked}");
    }
    assert_eq!(search::address(""), None);
    assert_eq!(search::address("a\nb.zip"), None);
}

#[test]
fn nothing_hides_in_the_text_of_others() {
    assert_eq!(printable("a\u{202e}b\u{0}c\nd\u{200b}e"), "a\u{fffd}b\u{fffd}c\u{fffd}d\u{fffd}e");
    assert_eq!(printable("naïve <b> 日本"), "naïve <b> 日本");
}

#[test]
fn ages_are_for_people() {
    let at = |seconds: u64| Timestamp::from_unix(1_795_000_000 + seconds).unwrap();
    for (seconds, text) in [
        (1, "1 second ago"),
        (59, "59 seconds ago"),
        (60, "1 minute ago"),
        (7200, "2 hours ago"),
        (86_400 * 3, "3 days ago"),
    ] {
        assert_eq!(ago(at(0), at(seconds)), text);
    }
    assert_eq!(ago(at(9), at(0)), "0 seconds ago");
}

#[test]
fn charts_fill_their_area() {
    let at = |seconds: u64| Timestamp::from_unix(1_795_000_000 + seconds).unwrap();
    assert_eq!(chart::curve(&[(at(0), 0), (at(10), 100)]), "M0.0 120.0L560.0 0.0");
    assert_eq!(chart::curve(&[]), "");
    assert_eq!(chart::curve(&[(at(5), 1), (at(5), 9)]), "", "all at once");
    assert_eq!(chart::area(""), "");
    let bars = chart::bars(&[("a", 0), ("b", 4)]);
    assert_eq!((bars[0].height.as_str(), bars[1].height.as_str()), ("0.0", "120.0"));
}
