//! `health` is done in its time whatever the vendor does, and says what it knows and what it does not. The core
//! under a clock that moves only while everybody waits, so that a minute costs nothing.

use crate::fake::{Answer, NOW, answer_of, reply, session};
use fivetran_simulator::{Answers, Config};
use source_kit::base::model::CoverageState;
use source_kit::base::timestamp::Timestamp;
use source_kit::base::world::{Request, Response, World};
use source_kit::health::{Check, Depth, Report, State, WITHIN_MS, check};
use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

const NEVER: u64 = u64::MAX;

/// A world whose answers take their time.
struct SlowWorld<F> {
    /// The answer to a path, and after how many milliseconds it is there.
    answer: F,
    now_ms: Cell<u64>,
    timers: RefCell<Vec<(u64, Waker)>>,
    asked: RefCell<Vec<String>>,
}

impl<F: Fn(&str) -> (u64, Answer)> World for SlowWorld<F> {
    async fn send(&self, request: Request) -> Answer {
        self.asked.borrow_mut().push(request.ask.path_and_query.clone());
        let (after, answer) = (self.answer)(&request.ask.path_and_query);
        self.wait_ms(after).await;
        answer
    }
    fn now(&self) -> Timestamp {
        Timestamp(NOW.0 + i64::try_from(self.now_ms.get()).unwrap())
    }
    fn monotonic_ms(&self) -> u64 {
        self.now_ms.get()
    }
    async fn wait_ms(&self, milliseconds: u64) {
        let until = self.now_ms.get().saturating_add(milliseconds);
        poll_fn(|context| {
            if self.now_ms.get() >= until {
                return Poll::Ready(());
            }
            self.timers.borrow_mut().push((until, context.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

struct Woken(AtomicBool);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// The report, after how many milliseconds it came, and what was asked for.
fn health(answer: impl Fn(&str) -> (u64, Answer)) -> (Report, u64, Vec<String>) {
    let world = SlowWorld { answer, now_ms: Cell::new(0), timers: RefCell::default(), asked: RefCell::default() };
    let session = session("{}");
    let mut future = pin!(check(&world, &session.config, Depth::Coverage, WITHIN_MS));
    let waker = Waker::from(Arc::new(Woken(AtomicBool::new(false))));
    loop {
        if let Poll::Ready(report) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return (report, world.now_ms.get(), world.asked.take());
        }
        // Everybody waits: it is the next moment at which somebody does no longer.
        let timers = world.timers.take();
        let next = timers.iter().map(|(until, _)| *until).filter(|until| *until > world.now_ms.get()).min().unwrap();
        assert_ne!(next, NEVER, "it waits for ever");
        world.now_ms.set(next);
        timers.into_iter().for_each(|(_, waker)| waker.wake());
    }
}

fn well() -> impl Fn(&str) -> Answer {
    let answers = Answers::new(Config::default());
    move |path: &str| answer_of(&answers.get(path).0)
}

fn of<'r>(report: &'r Report, kind: &str) -> &'r Check {
    report.checks.iter().find(|check| check.kind == Some(kind)).unwrap()
}

/// The checks of kinds that have a list of their own, unlike the account.
fn tried(report: &Report) -> impl Iterator<Item = &Check> {
    report.checks.iter().filter(|check| !matches!(check.kind, None | Some("account")))
}

fn late(report: &Report) -> Vec<&'static str> {
    let late = report.checks.iter().filter(|check| check.code == "no-answer-in-time");
    late.map(|check| check.kind.unwrap_or("credential")).collect()
}

#[test]
fn two_lists_without_an_answer_hold_up_no_other() {
    let well = well();
    let hangs = |path: &str| path.starts_with("/v1/users?") || path.starts_with("/v1/webhooks");
    let (report, took, _) = health(|path| (if hangs(path) { NEVER } else { 50 }, well(path)));
    assert_eq!((report.state, took), (State::Degraded, WITHIN_MS));
    assert!(late(&report).contains(&"user") && late(&report).contains(&"webhook"), "{:?}", late(&report));
    let user = of(&report, "user");
    assert_eq!(user.coverage, None, "nothing is known of it");
    assert!(
        user.message.contains("GET /v1/users") && user.remedy.as_ref().unwrap().contains("status page"),
        "{user:?}"
    );
    for kind in ["group", "connection", "role", "team"] {
        assert_eq!((of(&report, kind).code, of(&report, kind).state), ("reachable", State::Ok), "{kind}");
    }
}

#[test]
fn a_part_that_drips_is_named_and_the_rest_of_its_item_is_told() {
    let well = well();
    let drips = |path: &str| path.contains("/users/") && path.ends_with("/groups?limit=1");
    // One byte a second: the body is there after an hour.
    let (report, took, asked) = health(|path| (if drips(path) { 3_600_000 } else { 50 }, well(path)));
    assert!(asked.iter().any(|path| drips(path)), "{asked:?}");
    assert!(took <= WITHIN_MS && !late(&report).is_empty(), "{took}");
    assert_eq!(of(&report, "user").code, "reachable");
}

#[test]
fn where_nothing_is_answered_the_credentials_are_not_known_to_be_good() {
    let (report, took, asked) = health(|_| (NEVER, reply(200, "")));
    assert_eq!((report.state, took, asked.len()), (State::Failing, WITHIN_MS, 1));
    assert_eq!(late(&report), ["credential"]);
    let well = well();
    let only_account = |path: &str| if path == "/v1/account/info" { 0 } else { NEVER };
    let (report, took, _) = health(|path| (only_account(path), well(path)));
    assert_eq!((report.state, took), (State::Degraded, WITHIN_MS));
    assert_eq!(report.checks[0].code, "accepted");
    assert!(tried(&report).all(|check| check.code == "no-answer-in-time" && check.coverage.is_none()));
}

#[test]
fn an_endless_rate_limit_is_told_and_not_waited_out() {
    let well = well();
    for status in [429, 503] {
        for retry_after in ["1", "30", "3600"] {
            let (report, took, _) = health(|path| match path {
                "/v1/account/info" => (50, well(path)),
                _ => {
                    let answer = Response {
                        status,
                        retry_after: Some(retry_after.into()),
                        request_id: None,
                        body: Vec::new(),
                        body_digest: None,
                    };
                    (50, Ok(answer))
                }
            });
            assert!(took <= WITHIN_MS, "{status}, {retry_after}: {took}");
            assert_eq!(report.state, State::Degraded);
            assert!(tried(&report).all(|check| check.state == State::Degraded), "{:?}", report.checks);
        }
    }
}

#[test]
fn a_preview_that_is_off_is_not_offered_and_nothing_is_missing() {
    for status in [403, 404] {
        let well = well();
        let is_off = |path: &str| path.contains("/errors?");
        let off = move |path: &str| if is_off(path) { reply(status, "{}") } else { well(path) };
        let (report, _, asked) = health(|path| (50, off(path)));
        assert!(asked.iter().any(|path| is_off(path)), "{asked:?}");
        let check = of(&report, "connection_error");
        assert_eq!((check.state, check.code), (State::Ok, "not-offered"), "{status}: {check:?}");
        assert_eq!(check.coverage, Some(CoverageState::NotAvailable), "{status}");
        assert_eq!(check.missing_permission, None, "{status}");
        assert!(check.message.ends_with("is not offered to this account"), "{status}: {check:?}");
    }
    // A part that is no preview is refused.
    let well = well();
    let refused = |path: &str| path.contains("/schemas");
    let (report, ..) = health(|path| (50, if refused(path) { reply(403, "{}") } else { well(path) }));
    let check = of(&report, "connection_schema");
    assert_eq!((check.code, check.missing_permission.as_deref()), ("refused", Some("CONNECTOR:READ")), "{check:?}");
}

#[test]
fn slow_answers_are_waited_for_side_by_side() {
    let well = well();
    let (report, took, asked) = health(|path| (3_000, well(path)));
    assert!(late(&report).is_empty() && asked.len() > 15, "{:?} of {asked:?}", late(&report));
    assert!(took < WITHIN_MS, "{took}");
    assert_eq!(of(&report, "connection").coverage, Some(CoverageState::Complete));
}
