//! The protocol as a script: what is asked of one witness, in this order, and what it answers.

use tlog::{MAX_ADD_CHECKPOINT_LEN, TLOG_SIZE_CONTENT_TYPE, cosignature_time};

use crate::harness::{Log, NOW, ORIGIN, Served, exchange, exchange_h2, new_dir};

/// A line is a request and, after the colon, the status and a part of the answer's text.
///
/// `from` and `to` are sizes; the proof is the right one unless it is told. `forked` signs another
/// history of the log, `unknown-key` signs with a key that is not configured, `other-log` is a log
/// that is not.
const SCRIPT: &str = "
    from 3 to 5                     : 409 0
    from 0 to 5 other-log           : 404 not configured for the log 'log.example/other'
    from 0 to 5 unknown-key         : 403 no signature by a known key
    from 0 to 5 proof 3 5           : 422 the proof has 4 hashes instead of 0
    from 0 to empty-with-a-root     : 422 a tree without entries has the root
    from 0 to 0                     : 200
    from 0 to 0                     : 200
    from 0 to 3                     : 200
    from 0 to 5                     : 409 3
    from 3 to 5 proof none          : 422 the proof has 0 hashes instead of 4
    from 3 to 5 proof 2 5           : 422 the proof has
    from 3 to 5 proof 3 6           : 422 the checkpoint does not follow
    from 3 to 5 forked              : 422 the proof leads to the root
    from 3 to 5                     : 200
    from 3 to 5                     : 409 5
    from 5 to 5                     : 200
    from 5 to 5 forked              : 422 another root for the size
    from 5 to 5 proof 3 5           : 422 the proof has 4 hashes instead of 0
    from 5 to 3                     : 400 the old size 5 is larger than the checkpoint's size 3
    from 9 to 3                     : 400 the old size 9 is larger
    from 9 to 3 unknown-key         : 403
    from 4 to 9 forked              : 409 5
    from 0 to empty-with-a-root     : 409 5
    from 5 to 256                   : 200
    from 256 to 300                 : 200
    from 0 to 1                     : 409 300
";

/// The body of a line's request.
fn body(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let has = |word: &str| words.contains(&word);
    let after = |word: &str| {
        let at = words.iter().position(|found| *found == word);
        at.map(|at| &words[at + 1..])
    };
    let log = match () {
        () if has("other-log") => Log::named("log.example/other", "entry"),
        () if has("unknown-key") => Log::new("entry").signed_by(9),
        () if has("forked") => Log::new("forked entry"),
        () => Log::new("entry"),
    };
    let from = after("from").unwrap()[0].parse().unwrap();
    let to = after("to").unwrap()[0].parse::<usize>();
    let proof = match (after("proof"), &to) {
        (Some(["none", ..]), _) | (None, Err(_)) => Vec::new(),
        (Some(sizes), _) => log.proof(sizes[0].parse().unwrap(), sizes[1].parse().unwrap()),
        (None, Ok(to)) => log.proof(from, *to),
    };
    let note = to.map_or_else(|_| log.wrong_empty(), |to| log.signed(to).to_string());
    let hashes = proof.iter().fold(String::new(), |hashes, hash| hashes + &hash.to_string() + "\n");
    format!("old {from}\n{hashes}\n{note}")
}

#[tokio::test]
async fn the_script() {
    let log = Log::new("entry");
    let (dir, own_key) = new_dir();
    let served = Served::start(dir.path(), &[log.key()]).await;
    for line in SCRIPT.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let (request, expected) = line.split_once(':').unwrap();
        let (status, text) = expected.trim().split_once(' ').unwrap_or((expected.trim(), ""));
        let answer = served.post(body(request)).await;
        assert_eq!(answer.status.to_string(), status, "{line}: {}", answer.body);
        match answer.status {
            200 => {
                let cosignature = answer.cosignature();
                assert_eq!(cosignature_time(&cosignature), Some(NOW));
                let to: usize = request.split_whitespace().nth(3).unwrap().parse().unwrap();
                let cosigned = log.signed(to).with_cosignature(cosignature).unwrap();
                let keys = [log.key(), own_key.clone()];
                let verified = cosigned.verify(ORIGIN, &keys).unwrap();
                assert_eq!(verified.cosigned_at(), [(own_key.name().to_owned(), NOW)], "{line}");
            }
            409 => {
                assert_eq!(answer.content_type, TLOG_SIZE_CONTENT_TYPE, "{line}");
                assert_eq!(answer.body, format!("{text}\n"), "{line}");
            }
            _ => {
                assert_eq!(answer.content_type, "text/plain; charset=utf-8", "{line}");
                assert!(answer.body.contains(text), "{line}: {}", answer.body);
                assert_eq!(answer.body.lines().count(), 1, "{line}");
            }
        }
    }
    served.stop().await;
}

#[tokio::test]
async fn what_is_no_request_is_told_why() {
    let (dir, _) = new_dir();
    let log = Log::new("entry");
    let served = Served::start(dir.path(), &[log.key()]).await;
    let checkpoint = log.signed(5);
    let hashes = format!("{}\n", log.head(5).root);
    let cases = [
        (String::new(), "expected a line 'old <size>'"),
        (format!("old 05\n\n{checkpoint}"), "expected a line 'old <size>'"),
        (format!("old 0\r\n\n{checkpoint}"), "expected a line 'old <size>'"),
        (format!("old 0\n{}\n{checkpoint}", hashes.repeat(64)), "more than 63 hashes"),
        (format!("old 0\n\n{}", checkpoint.checkpoint()), "not a checkpoint: a note is"),
        (format!("old 0\n\n{}", checkpoint.to_string().replace("\n5\n", "\n+5\n")), "decimal size"),
    ];
    for (body, expected) in cases {
        let answer = served.post(body.clone()).await;
        assert_eq!(answer.status, 400, "{body}");
        assert!(answer.body.contains(expected), "{body}: {}", answer.body);
    }
    let binary = exchange(&served.address, "POST", "/add-checkpoint", vec![0xff; 9]).await.unwrap();
    assert_eq!(binary.status, 400);
}

#[tokio::test]
async fn requests_of_the_largest_length_are_read_and_longer_ones_are_not() {
    let (dir, _) = new_dir();
    let served = Served::start(dir.path(), &[Log::new("entry").key()]).await;
    let answer = served.post("x".repeat(MAX_ADD_CHECKPOINT_LEN)).await;
    assert_eq!(answer.status, 400, "{}", answer.body);
    let answer = served.post("x".repeat(MAX_ADD_CHECKPOINT_LEN + 1)).await;
    assert_eq!(answer.status, 413, "{}", answer.body);
    assert!(answer.body.contains("at most 65536 bytes"), "{}", answer.body);
}

#[tokio::test]
async fn other_paths_methods_and_http_2() {
    let (dir, _) = new_dir();
    let log = Log::new("entry");
    let served = Served::start(dir.path(), &[log.key()]).await;
    assert_eq!(served.get("/").await.status, 404);
    assert_eq!(served.get("/add-checkpoint").await.status, 405);
    assert_eq!(served.get("/healthz").await.body, "ok: 1 logs\n");
    let address = &served.address;
    let answer = exchange_h2(address, "POST", "/add-checkpoint", log.request(0, 5)).await;
    answer.cosignature();
    let answer = exchange_h2(address, "POST", "/add-checkpoint", log.request(0, 9)).await;
    assert_eq!((answer.status, &*answer.body), (409, "5\n"));
}

#[tokio::test]
async fn logs_do_not_see_each_other() {
    let (dir, _) = new_dir();
    let (one, two) = (Log::new("entry"), Log::named("log.example/other", "entry"));
    let served = Served::start(dir.path(), &[one.key(), two.key()]).await;
    served.post(one.request(0, 5)).await.cosignature();
    assert_eq!(served.post(two.request(5, 9)).await.body, "0\n");
    served.post(two.request(0, 3)).await.cosignature();
    served.post(one.request(5, 9)).await.cosignature();
    assert_eq!(served.post(two.request(0, 9)).await.body, "3\n");
}
