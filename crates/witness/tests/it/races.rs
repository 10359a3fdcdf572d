//! Many requests at once for one log.

use std::sync::Arc;

use crate::harness::{Log, Served, exchange, new_dir};

/// Requests at once.
const CROWD: usize = 16;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_requests_from_one_size_exactly_one_is_cosigned() {
    let log = Arc::new(Log::new("entry"));
    let (dir, _) = new_dir();
    let served = Served::start(dir.path(), &[log.key()]).await;
    let mut size = 0;
    while size + CROWD <= 150 {
        let crowd: Vec<_> = (1..=CROWD)
            .map(|step| {
                let (address, body) = (served.address.clone(), log.request(size, size + step));
                tokio::spawn(async move {
                    (step, exchange(&address, "POST", "/add-checkpoint", body).await.unwrap())
                })
            })
            .collect();
        let (mut moved, mut told) = (Vec::new(), Vec::new());
        for asked in crowd {
            let (step, answer) = asked.await.unwrap();
            match answer.status {
                200 => moved.push(size + step),
                409 => told.push(answer.body),
                other => panic!("{other}: {}", answer.body),
            }
        }
        let [next] = moved[..] else { panic!("one of them, not {moved:?}") };
        assert_eq!(told, vec![format!("{next}\n"); CROWD - 1]);
        size = next;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_two_histories_one_is_cosigned() {
    let (one, two) = (Log::new("entry"), Log::new("forked entry"));
    let (dir, _) = new_dir();
    let served = Served::start(dir.path(), &[one.key()]).await;
    let crowd: Vec<_> = (0..CROWD)
        .map(|n| {
            let log = if n % 2 == 0 { &one } else { &two };
            // The size that all of them want, from nothing and as a refresh.
            let body = log.request(if n % 4 < 2 { 0 } else { 7 }, 7);
            let address = served.address.clone();
            tokio::spawn(async move {
                (n % 2, exchange(&address, "POST", "/add-checkpoint", body).await.unwrap())
            })
        })
        .collect();
    let mut cosigned = Vec::new();
    for asked in crowd {
        let (history, answer) = asked.await.unwrap();
        match answer.status {
            200 => cosigned.push(history),
            409 | 422 => {}
            other => panic!("{other}: {}", answer.body),
        }
    }
    assert!(!cosigned.is_empty());
    assert!(cosigned.iter().all(|history| *history == cosigned[0]), "{cosigned:?}");
}
