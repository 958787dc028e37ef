//! What changes while it is read: items that move between pages, and a clock that jumps.

use crate::fake::{Answer, FakeWorld, account_info, answer_of, collect_all, records, run, session, success};
use fivetran_simulator::{AccountSpec, Answers, Config};
use serde_json::json;
use source_kit::base::model::{Budget, CollectRequest, Coverage, CoverageState, Page};
use source_kit::base::timestamp::Timestamp;
use source_kit::base::world::{Request, World};
use source_kit::collect::collect;
use std::cell::{Cell, RefCell};

const PAGE: usize = 4;

/// Roles by offset paging, as Fivetran pages. `change` is called before each list page is served.
fn list(change: impl Fn(usize, &mut Vec<String>)) -> FakeWorld<impl Fn(&str) -> Answer> {
    let names = RefCell::new((0..12).map(|index| format!("Role {index:02}")).collect::<Vec<_>>());
    let served = Cell::new(0);
    FakeWorld::new(move |path: &str| {
        if !path.starts_with("/v1/roles") {
            return account_info();
        }
        served.set(served.get() + 1);
        change(served.get(), &mut names.borrow_mut());
        let names = names.borrow();
        let skip: usize = path.split("cursor=").nth(1).map_or(0, |skip| skip.parse().unwrap());
        let items: Vec<_> =
            names.iter().skip(skip).take(PAGE).map(|name| json!({"name": name, "is_custom": false})).collect();
        let next = (skip + PAGE < names.len()).then(|| (skip + PAGE).to_string());
        success(&json!({"items": items, "next_cursor": next}))
    })
}

fn roles(max_records: Option<u32>) -> CollectRequest {
    let budget = Budget { max_records, ..Budget::default() };
    CollectRequest { kinds: vec!["role".into()], budget, ..CollectRequest::default() }
}

fn read(pages: &[Page]) -> Vec<String> {
    let all = records(pages).into_iter().filter(|record| record.kind == "role");
    all.map(|record| record.subject.id.clone()).collect()
}

fn coverage(pages: &[Page]) -> &Coverage {
    pages.last().unwrap().coverage.iter().find(|coverage| coverage.kind == "role").unwrap()
}

#[test]
fn items_that_move_to_a_later_page_are_read_once() {
    for new in 1..PAGE {
        let world = list(|served, names| {
            if served == 2 {
                (0..new).for_each(|n| names.insert(0, format!("New {n}")));
            }
        });
        let pages = collect_all(&world, &session("{}"), roles(None)).unwrap();
        let want: Vec<String> = (0..12).map(|index| format!("Role {index:02}")).collect();
        assert_eq!(read(&pages), want, "{new} new ones before them");
        // No answer tells a new one from one that moved there from a page still to be read.
        assert_eq!((coverage(&pages).state, coverage(&pages).code), (CoverageState::Partial, "list-changed"));
    }
}

#[test]
fn an_item_that_moves_to_a_page_already_read_is_said_to_be_missing() {
    let world = list(|served, names| {
        if served == 2 {
            let last = names.remove(11);
            names.insert(0, last);
        }
    });
    let pages = collect_all(&world, &session("{}"), roles(None)).unwrap();
    assert!(!read(&pages).contains(&"Role 11".into()));
    assert_eq!(coverage(&pages).code, "list-changed");
}

#[test]
fn what_was_seen_to_change_is_not_forgotten_when_the_page_is_cut() {
    // Between the first two pages an item goes away and hides another one. The second page is cut, and by then
    // the look back at the first one is history.
    let world = list(|served, names| {
        if served == 2 {
            names.remove(0);
        }
    });
    let mut request = roles(Some(4));
    let (session, mut pages) = (session("{}"), Vec::new());
    loop {
        let page = run(collect(&world, &session, &request)).unwrap();
        request.cursor.clone_from(&page.cursor);
        request.budget.max_records = Some(1);
        pages.push(page);
        if request.cursor.is_none() {
            break;
        }
    }
    assert!(!read(&pages).contains(&"Role 04".into()));
    assert_eq!(coverage(&pages).code, "list-changed");
}

#[test]
fn a_page_that_changed_while_the_collection_was_cut_in_it_is_reported() {
    // Cut after two of a page's items; when it goes on, the next one is gone, or stands elsewhere.
    for (what, change) in [
        ("gone", (|names: &mut Vec<String>| drop(names.remove(2))) as fn(&mut Vec<String>)),
        ("moved", |names| names.swap(2, 3)),
    ] {
        let world = list(|served, names| {
            if served == 2 {
                change(names);
            }
        });
        let pages = collect_all(&world, &session("{}"), roles(Some(3))).unwrap();
        let found = coverage(&pages);
        assert_eq!(found.state, CoverageState::Partial, "{what}");
        assert!(found.reason.contains("changed"), "{what}: {}", found.reason);
    }
}

/// A world whose wall clock jumps at one request; the monotonic clock goes on.
struct Jumping<F> {
    inner: FakeWorld<F>,
    at: usize,
    by_ms: i64,
}

impl<F: Fn(&str) -> Answer> World for Jumping<F> {
    async fn send(&self, request: Request) -> Answer {
        self.inner.send(request).await
    }
    fn now(&self) -> Timestamp {
        let jumped = self.inner.journal.borrow().len() >= self.at;
        Timestamp(self.inner.now().0 + if jumped { self.by_ms } else { 0 })
    }
    fn monotonic_ms(&self) -> u64 {
        self.inner.monotonic_ms()
    }
    async fn wait_ms(&self, milliseconds: u64) {
        self.inner.wait_ms(milliseconds).await;
    }
}

#[test]
fn a_clock_that_jumps_changes_no_content_and_makes_nobody_wait() {
    const DAY_MS: i64 = 86_400_000;
    let simulated = || {
        let account = AccountSpec { seed: 3, users: 6, teams: 2, groups: 2, connections: 9 };
        let answers = Answers::new(Config { account, ..Config::default() });
        FakeWorld::new(move |path: &str| answer_of(&answers.get(path).0))
    };
    let contents = |pages: &[Page]| -> Vec<(String, String)> {
        let own = ["coverage", "manifest"];
        let of_vendor = records(pages).into_iter().filter(|record| !own.contains(&record.kind));
        of_vendor.map(|record| (record.id.clone(), record.content.clone())).collect()
    };
    let undisturbed = simulated();
    let want = collect_all(&undisturbed, &session("{}"), CollectRequest::default()).unwrap();
    let requests = undisturbed.journal.borrow().len();
    let budget = Budget { max_records: Some(20), ..Budget::default() };
    for by_ms in [-20_000 * DAY_MS, -DAY_MS, -1, DAY_MS, 400 * DAY_MS, 2_000_000 * DAY_MS] {
        for at in (1..requests).step_by(7) {
            let world = Jumping { inner: simulated(), at, by_ms };
            let (session, mut pages) = (session("{}"), Vec::new());
            let mut request = CollectRequest { budget, ..CollectRequest::default() };
            loop {
                let page = run(collect(&world, &session, &request)).unwrap();
                request.cursor.clone_from(&page.cursor);
                pages.push(page);
                if request.cursor.is_none() {
                    break;
                }
            }
            let (found, mut want) = (contents(&pages), contents(&want));
            // Of what is later than the clock says, nobody can say that it has happened.
            let is_event = |id: &str| id.contains(":audit_event:") || id.contains(":audit_logging:");
            want.retain(|(id, _)| by_ms >= -1 || !is_event(id) || found.iter().any(|(other, _)| other == id));
            let same = |(id, _): &&(String, String)| by_ms >= -1 || !id.contains(":audit_logging:");
            let [found, want] = [&found, &want].map(|all| all.iter().filter(same).collect::<Vec<_>>());
            assert_eq!(found, want, "by {by_ms} ms at request {at}");
            assert!(pages.iter().all(|page| page.not_before.is_none()));
            assert_eq!(world.inner.waited_ms.get(), 0);
        }
    }
}
