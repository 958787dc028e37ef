//! The hashed mode: who is to be hidden is read first, once an instance, and is in no cursor; what cannot be read is
//! said; and nothing depends on where pages were cut.

use crate::collect::{account, budget};
use crate::fake::{Answer, FakeWorld, collect_all, records, reply, run, session, success};
use serde_json::json;
use source_kit::base::model::{CollectRequest, CoverageState, Page, Record};
use source_kit::collect::collect;
use source_kit::collect::estimate::estimate;

const HASHED: &str = r#"{"personal_data": "hashed", "personal_data_key": "0123456789abcdef"}"#;

/// An account in which things are called after people.
fn named(path: &str) -> Answer {
    let item = |id: &str, given: &str, family: &str, email: &str| {
        json!({"id": id, "given_name": given, "family_name": family, "email": email, "active": true, "verified": true,
            "created_at": "2025-03-01T10:00:00Z", "role": "Ada's deputy"})
    };
    match path.split('?').next().unwrap() {
        "/v1/roles" => success(&json!({"items": [{"name": "Deputy of Grace HOPPER", "is_custom": true}]})),
        "/v1/users" if !path.contains("cursor=") => success(&json!({
            "items": [item("u1", "Ada", "Byron", "Ada.Byron@Example.com")], "next_cursor": "second"})),
        "/v1/users" => success(&json!({"items": [item("u2", "Grace", "Hopper", "grace@example.com")]})),
        "/v1/teams" => success(&json!({"items": [{"id": "t1", "name": "byron_ada: on call", "role": "x"}]})),
        "/v1/groups" => success(&json!({"items": [
            {"id": "g1", "name": "Data of ada.byron@example.com"}, {"id": "hopper", "name": "Account Reviewers"}]})),
        "/v1/groups/g1/service-account" => {
            success(&json!({"service_account": "g-x@fivetran-production.iam.gserviceaccount.com"}))
        }
        _ => account(path),
    }
}

fn hashed(answer: impl Fn(&str) -> Answer) -> (Vec<Page>, Vec<String>) {
    let world = FakeWorld::new(answer);
    let pages = collect_all(&world, &session(HASHED), budget(None, None)).unwrap();
    let asked = world.journal.borrow().clone();
    (pages, asked)
}

fn shown(pages: &[Page]) -> String {
    format!("{:?}", records(pages)).to_lowercase()
}

/// How the user of an id is called where people are hashed.
fn email_of(pages: &[Page], id: &str) -> String {
    let user = |record: &&&Record| record.kind == "user" && record.subject.id == id;
    let record = *records(pages).iter().find(user).unwrap();
    let content: serde_json::Value = serde_json::from_str(&record.content).unwrap();
    content["email"].as_str().unwrap().into()
}

#[test]
fn nobody_who_is_in_the_list_of_users_is_named_anywhere() {
    let (pages, _) = hashed(named);
    for name in ["byron", "hopper", "ada.byron", "example.com\""] {
        assert!(!shown(&pages).contains(name), "{name}");
    }
    let (full, needed) = (collect_all(&FakeWorld::new(named), &session("{}"), budget(None, None)).unwrap(), 10);
    assert!(shown(&full).matches("hopper").count() > needed, "it is there to be hidden");
    assert!(shown(&pages).contains("g-x@fivetran-production.iam.gserviceaccount.com"), "a machine has no name to hide");
    assert!(format!("{:?}", records(&pages)).contains("Account Reviewers"), "our words stay");
}

#[test]
fn one_person_is_one_hash_however_the_name_is_written() {
    let (pages, _) = hashed(named);
    let ada = email_of(&pages, "u1");
    let title = |kind: &str| {
        records(&pages).iter().find(|record| record.kind == kind).map(|record| record.title.clone()).unwrap()
    };
    assert!(title("team").contains(&format!("{ada}: on call")), "{}", title("team"));
    assert!(title("group").contains(&format!("Data of {ada}")), "{}", title("group"));
    assert!(title("role").contains(&email_of(&pages, "u2")), "{}", title("role"));
}

#[test]
fn the_list_of_users_is_read_first_and_once_an_instance() {
    let (_, asked) = hashed(named);
    let users = |asked: &[String]| asked.iter().filter(|path| path.starts_with("/v1/users?")).count();
    assert_eq!(
        asked.iter().map(|path| path.split('?').next().unwrap()).take(3).collect::<Vec<_>>(),
        ["/v1/account/info", "/v1/users", "/v1/users"]
    );
    assert_eq!(users(&asked), 6, "two pages and a look back, for the names and for the evidence");
    let world = FakeWorld::new(named);
    collect_all(&world, &session(HASHED), budget(Some(3), None)).unwrap();
    let few = FakeWorld::new(named);
    collect_all(&few, &session("{}"), budget(Some(3), None)).unwrap();
    assert_eq!(users(&world.journal.borrow()), users(&few.journal.borrow()) + 3, "once, however many pages there are");
}

#[test]
fn records_are_the_same_wherever_pages_are_cut_and_whichever_instance_goes_on() {
    let (whole, _) = hashed(named);
    for fresh in [false, true] {
        let (mut settings, mut request, mut got) = (session(HASHED), budget(Some(3), None), Vec::new());
        loop {
            let page = run(collect(&FakeWorld::new(named), &settings, &request)).unwrap();
            got.extend(page.records);
            request.cursor = page.cursor;
            let Some(cursor) = &request.cursor else { break };
            for name in ["byron", "hopper"] {
                assert!(!cursor.to_lowercase().contains(name), "{name} is in the cursor");
            }
            if fresh {
                settings = session(HASHED);
            }
        }
        assert_eq!(got.iter().collect::<Vec<_>>(), records(&whole), "fresh: {fresh}");
    }
}

#[test]
fn users_that_cannot_be_read_are_said_and_addresses_are_hashed_all_the_same() {
    let forbidden = |path: &str| match path.starts_with("/v1/users") {
        true => reply(403, json!({"code": "Forbidden"}).to_string()),
        false => named(path),
    };
    let (pages, asked) = hashed(forbidden);
    let said: Vec<_> =
        pages.iter().flat_map(|page| &page.diagnostics).filter(|one| one.code == "people-unknown").collect();
    assert_eq!(said.len(), 1);
    assert!(said[0].message.contains("/v1/users") && said[0].remedy.contains("USER:READ"), "{said:?}");
    assert!(!shown(&pages).contains("ada.byron@") && shown(&pages).contains("data of hmac-sha256:"));
    assert_eq!(asked.iter().filter(|path| path.starts_with("/v1/users")).count(), 2);
    let (pages, _) = hashed(named);
    assert!(pages.iter().flat_map(|page| &page.diagnostics).all(|one| one.code != "people-unknown"));
}

#[test]
fn a_list_of_users_that_does_not_come_to_its_end_is_said() {
    let (pages, _) = hashed(|path: &str| match path.starts_with("/v1/users?") {
        true => success(&json!({"items": [{"id": "u1", "email": "ada@example.com"}], "nextCursor": "abc"})),
        false => named(path),
    });
    let found = pages.iter().flat_map(|page| &page.diagnostics).filter(|one| one.code == "people-unknown");
    assert_eq!(found.count(), 1);
}

#[test]
fn without_the_names_nothing_is_made() {
    let unavailable =
        |status| move |path: &str| if path.starts_with("/v1/users?") { reply(status, "{}") } else { named(path) };
    let failure = run(collect(&FakeWorld::new(unavailable(503)), &session(HASHED), &budget(None, None))).unwrap_err();
    assert_eq!(failure.code, "outage");
    let limited = FakeWorld::new(|path: &str| {
        let mut answer = if path.starts_with("/v1/users?") { reply(429, "{}") } else { named(path) }.unwrap();
        answer.retry_after = Some("3600".into());
        Ok(answer)
    });
    let page = run(collect(&limited, &session(HASHED), &budget(None, None))).unwrap();
    assert!(page.records.is_empty() && page.not_before.is_some() && page.cursor.is_some());
}

#[test]
fn the_plan_counts_the_calls_that_tell_the_names() {
    for kinds in [vec![], vec!["role".to_string()]] {
        let request = CollectRequest { kinds, ..CollectRequest::default() };
        let cost = run(estimate(&FakeWorld::new(named), &session(HASHED).config, &request)).unwrap();
        let world = FakeWorld::new(named);
        collect_all(&world, &session(HASHED), request.clone()).unwrap();
        let of_users = |all: &[(String, u64)]| -> u64 {
            all.iter().filter(|(path, _)| path == "GET /v1/users").map(|(_, calls)| calls).sum()
        };
        let planned: Vec<_> = cost.endpoints.iter().map(|cost| (cost.endpoint.clone(), cost.calls)).collect();
        let made = world.journal.borrow().iter().filter(|path| path.starts_with("/v1/users?")).count() as u64;
        assert_eq!(of_users(&planned), made, "{:?}", request.kinds);
    }
}

#[test]
fn what_the_source_says_of_itself_is_the_same_in_both_modes() {
    let statements = |settings: &str| {
        let pages = collect_all(&FakeWorld::new(account), &session(settings), budget(None, None)).unwrap();
        assert!(pages.last().unwrap().coverage.iter().any(|one| one.state == CoverageState::NotAvailable));
        let all = records(&pages).into_iter().cloned();
        all.filter(|record| ["coverage", "not_observable"].contains(&record.kind)).collect::<Vec<_>>()
    };
    let full = statements("{}");
    assert!(
        full.len() > 30 && full.iter().all(|one| !one.title.contains("withheld") && !one.content.contains("withheld:"))
    );
    assert_eq!(full, statements(HASHED));
}
