//! What a component would do that wants to harm its host or its neighbours.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::hint::black_box;
use wasi::clocks::monotonic_clock;
use wasi::http::outgoing_handler;
use wasi::http::types::{Fields, FutureIncomingResponse, OutgoingRequest, Scheme};

/// Does it, and tells how it ended, if it was let live. `None` for what is none of these.
pub fn act(probe: &str) -> Option<String> {
    Some(match probe {
        "spin" => loop {
            black_box(0);
        },
        // What is denied is no work.
        "spin-denied" => loop {
            for _ in 0..1_000_000 {
                black_box(0);
            }
            let _ = outgoing_handler::handle(request("/elsewhere"), None);
        },
        // Wakes up again and again, and does nothing: no harm at all.
        "doze" => {
            for _ in 0..50 {
                monotonic_clock::subscribe_duration(20_000_000).block();
            }
            "slept well".into()
        }
        // Half of its time it only waits.
        "half" => loop {
            work(5);
            monotonic_clock::subscribe_duration(5_000_000).block();
        },
        // A request now and then, as if it had something to do.
        "now-and-then" => loop {
            work(100);
            send("/v1/things").subscribe().block();
        },
        // As many requests at once as it may have, and it reads none of the answers.
        "crowd" => {
            let all: Vec<_> = (0..60).map(|_| send("/v1/things")).collect();
            all.iter().for_each(|one| one.subscribe().block());
            let answers: Vec<_> = all.iter().filter_map(FutureIncomingResponse::get).collect();
            monotonic_clock::subscribe_duration(4_000_000_000).block();
            format!("{} answers", answers.len())
        }
        "grow" => {
            let mut hoard: Vec<Vec<u8>> = Vec::new();
            loop {
                hoard.push(black_box(vec![1; 1 << 20]));
            }
        }
        "recurse" => format!("{}", recurse(black_box(u64::MAX))),
        "sleep" => loop {
            monotonic_clock::subscribe_duration(3_600_000_000_000).block();
        },
        "hoard" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(black_box(Fields::new()));
            }
        }
        // As many headers as it may hold, each as long as it may be.
        "hoard-headers" => {
            let mut hoard = Vec::new();
            loop {
                let headers = Fields::new();
                let _ = headers.set("x-large", &[vec![b'x'; 60_000]]);
                hoard.push(headers);
            }
        }
        "flood" => {
            let mut hoard = Vec::new();
            loop {
                hoard.push(send("/v1/things"));
            }
        }
        "hammer" => loop {
            send("/v1/things").subscribe().block();
        },
        "hammer-denied" => loop {
            let _ = outgoing_handler::handle(request("/elsewhere"), None);
        },
        "header" => format!("{:?}", Fields::new().set("x-large", &[vec![b'x'; 1 << 20]])),
        "headers" => {
            let headers = Fields::new();
            let taken = (0..100_000).take_while(|n| headers.set(&format!("x-{n}"), &[vec![b'x'; 100]]).is_ok()).count();
            format!("{taken} headers taken")
        }
        "drain" => drain(),
        // Asks again and again, and reads nothing of what is answered.
        "unread" => {
            let mut hoard = Vec::new();
            loop {
                let pending = send("/v1/things");
                pending.subscribe().block();
                hoard.push(pending.get());
            }
        }
        // As many as it may, and then nothing more.
        "unread-then-sleep" => {
            let mut hoard = Vec::new();
            for _ in 0..15 {
                let pending = send("/v1/things");
                pending.subscribe().block();
                hoard.push(pending.get());
            }
            monotonic_clock::subscribe_duration(3_600_000_000_000).block();
            "woke up".into()
        }
        _ => return None,
    })
}

/// A page of a collection that never ends.
pub struct Endless {
    /// Items, and requests, that it says to have come to.
    pub claims: u64,
    /// Length of the record in it; 0 for none.
    pub record: usize,
    /// Where it says to go on.
    pub next: u64,
}

/// Page `number` of such a collection. `None` for what is none.
pub fn endless(probe: &str, number: u64) -> Option<Endless> {
    let further = Endless { claims: number, record: 0, next: number + 1 };
    Some(match probe {
        "waver" => Endless { claims: number % 2, ..further },
        "dawdle" => Endless { claims: 1, ..further },
        // All is well, it says.
        "claim" => Endless { claims: number * 1_000, ..further },
        "pile" => Endless { record: 1 << 16, ..further },
        // Pages as large as may be.
        "heap" => Endless { record: 6 << 20, ..further },
        // More than a host wants to hold.
        "bulk" => Endless { record: 40 << 20, ..further },
        // The same again.
        "repeat" => Endless { record: 1, next: 7, ..further },
        // Works, and comes to nothing.
        "ask" => {
            send("/v1/things").subscribe().block();
            further
        }
        _ => return None,
    })
}

/// Computes for so many milliseconds.
fn work(milliseconds: u64) {
    let end = monotonic_clock::now() + milliseconds * 1_000_000;
    while monotonic_clock::now() < end {
        for _ in 0..1_000 {
            black_box(0);
        }
    }
}

fn recurse(depth: u64) -> u64 {
    if black_box(depth) == 0 { 0 } else { black_box(recurse(black_box(depth - 1))) + 1 }
}

fn request(path: &str) -> OutgoingRequest {
    let request = OutgoingRequest::new(Fields::new());
    let _ = request.set_scheme(Some(&Scheme::Https));
    let _ = request.set_authority(Some("acme.example"));
    let _ = request.set_path_with_query(Some(path));
    request
}

fn send(path: &str) -> FutureIncomingResponse {
    match outgoing_handler::handle(request(path), None) {
        Ok(pending) => pending,
        Err(_) => loop {},
    }
}

/// Reads a response without an end.
fn drain() -> String {
    let pending = send("/v1/things");
    pending.subscribe().block();
    let Some(Ok(Ok(response))) = pending.get() else { return "no answer".into() };
    let Ok(body) = response.consume() else { return "no body".into() };
    let Ok(stream) = body.stream() else { return "no stream".into() };
    let mut bytes = 0;
    while let Ok(piece) = stream.blocking_read(1 << 20) {
        bytes += piece.len();
    }
    format!("{bytes} bytes read")
}
