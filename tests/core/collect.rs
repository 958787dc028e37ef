//! The core's promises, natively and against a fake world: determinism under any cut, coverage
//! that tells, lists that cannot end early unnoticed, and waits that belong to the host.

use crate::fake::{Answer, FakeWorld, account_info, answer_of, collect_all, records, reply, run, session, success};
use serde_json::{Value, json};
use source_kit::base::model::{Budget, CollectRequest, CoverageState, FailureKind, Page};
use source_kit::base::world::{Response, TransportError};
use source_kit::collect::collect;

/// A small account: three users and their grants, two teams, two groups, two connections.
pub fn account(path: &str) -> Answer {
    let path = path.split('?').next().unwrap();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let stamp = |day: usize| format!("2025-03-{day:02}T10:00:00.123456Z");
    let data = match parts.as_slice() {
        ["v1", "account", "info"] => return account_info(),
        ["v1", "roles"] => {
            json!({"items": [{"name": "Account Administrator", "is_custom": false, "scope": ["ACCOUNT"]}]})
        }
        ["v1", "users"] => json!({"items": [
            {"id": "me", "email": "ada@example.com", "role": "Account Administrator", "created_at": stamp(1), "logged_in_at": stamp(9), "active": true},
            {"id": "u2", "email": "bob@example.com", "role": null, "created_at": stamp(2), "logged_in_at": null, "active": false, "phone": "1"},
            {"id": "u3", "email": "cyd@example.com", "role": "Account Reviewer", "created_at": stamp(3), "logged_in_at": stamp(8), "active": true},
        ]}),
        ["v1", "teams"] => {
            json!({"items": [{"id": "t1", "name": "One", "role": null}, {"id": "t2", "name": "Two", "role": "Account Reviewer"}]})
        }
        ["v1", "teams", _, "users"] => {
            json!({"items": [{"user_id": "u2", "role": "Team Member", "created_at": stamp(4)}, {"user_id": "u3", "role": "Team Manager", "created_at": stamp(4)}]})
        }
        ["v1", "users" | "teams", _, "groups"] => {
            json!({"items": [{"id": "g1", "role": "Edit Destination", "created_at": stamp(5)}]})
        }
        ["v1", "users" | "teams", _, "connections"] => {
            json!({"items": [{"id": "c1", "role": "Edit Connection", "created_at": stamp(6)}, {"id": "c2", "role": "View Connection", "created_at": stamp(6)}]})
        }
        ["v1", "groups"] => {
            json!({"items": [{"id": "g1", "name": "Prod", "created_at": stamp(1)}, {"id": "g2", "name": "Test", "created_at": stamp(1)}]})
        }
        ["v1", "groups", _, "public-key"] => json!({"public_key": "ssh-rsa AAAA\n"}),
        ["v1", "groups", _, "service-account"] => json!({"service_account": "g-x@example.iam"}),
        ["v1", "destinations"] => {
            json!({"items": [{"id": "g1", "group_id": "g1", "service": "snowflake", "region": "AWS_EU_CENTRAL_1"}]})
        }
        ["v1", "destinations", id] => {
            json!({"id": id, "group_id": id, "service": "snowflake", "config": {"host": "h", "password": "******"}})
        }
        ["v1", "connections"] => {
            json!({"items": [{"id": "c1", "service": "postgres", "created_at": stamp(1)}, {"id": "c2", "service": "s3", "created_at": stamp(2)}]})
        }
        ["v1", "connections", _, "schemas"] => json!({"schemas": {}}),
        ["v1", "connections" | "destinations", _, "certificates" | "fingerprints"] => json!({"items": []}),
        ["v1", "connections", id] => {
            json!({"id": id, "service": "postgres", "schema": "public", "created_at": stamp(1), "succeeded_at": stamp(7), "config": {"host": "h", "port": "5432"}})
        }
        _ => return reply(404, json!({"code": "NotFound"}).to_string()),
    };
    success(&data)
}

pub fn budget(max_records: Option<u32>, max_concurrency: Option<u32>) -> CollectRequest {
    CollectRequest { budget: Budget { max_records, max_concurrency, ..Budget::default() }, ..CollectRequest::default() }
}

fn coverage<'p>(pages: &'p [Page], kind: &str) -> &'p source_kit::base::model::Coverage {
    pages.last().unwrap().coverage.iter().find(|coverage| coverage.kind == kind).unwrap()
}

#[test]
fn records_do_not_depend_on_concurrency_or_cuts() {
    let whole = collect_all(&FakeWorld::new(account), &session("{}"), budget(None, None)).unwrap();
    assert_eq!(whole.len(), 1);
    let want = records(&whole);
    assert!(want.len() > 60, "{} records", want.len());
    for max_records in [Some(1), Some(2), Some(7), None] {
        for concurrency in [1, 3, 64] {
            let pages =
                collect_all(&FakeWorld::new(account), &session("{}"), budget(max_records, Some(concurrency))).unwrap();
            assert_eq!(records(&pages), want, "{max_records:?} {concurrency}");
            assert_eq!(pages.last().unwrap().next_since, whole[0].next_since);
            if let Some(max) = max_records {
                assert!(pages.iter().all(|page| page.records.len() <= max as usize));
            }
        }
    }
}

#[test]
fn records_do_not_depend_on_which_instance_takes_the_next_page() {
    let whole = collect_all(&FakeWorld::new(account), &session("{}"), budget(None, None)).unwrap();
    let mut request = budget(Some(3), None);
    let mut got = Vec::new();
    loop {
        let page = run(collect(&FakeWorld::new(account), &session("{}"), &request)).unwrap();
        got.extend(page.records);
        request.cursor = page.cursor;
        if request.cursor.is_none() {
            break;
        }
    }
    assert_eq!(got.iter().collect::<Vec<_>>(), records(&whole));
}

#[test]
fn every_other_budget_ends_pages_and_makes_progress() {
    let want = collect_all(&FakeWorld::new(account), &session("{}"), budget(None, None)).unwrap();
    for bounds in [
        Budget { max_requests: Some(1), ..Budget::default() },
        Budget { max_bytes: Some(1), ..Budget::default() },
        Budget { max_milliseconds: Some(1), ..Budget::default() },
    ] {
        let request = CollectRequest { budget: bounds, ..CollectRequest::default() };
        let pages = collect_all(&FakeWorld::new(account), &session("{}"), request).unwrap();
        assert_eq!(records(&pages), records(&want), "{bounds:?}");
    }
}

#[test]
fn an_undisturbed_collection_asks_for_each_path_once() {
    let world = FakeWorld::new(account);
    collect_all(&world, &session("{}"), budget(None, Some(16))).unwrap();
    let mut asked = world.journal.borrow().clone();
    let calls = asked.len();
    asked.sort();
    asked.dedup();
    // account, 18 lists, 2 per user, 3 per team, 2 per group, 3 per destination, 4 per connection
    let expected = 1 + 18 + 3 * 2 + 2 * 3 + 2 * 2 + 3 + 2 * 4;
    assert_eq!((asked.len(), calls), (expected, expected));
}

#[test]
fn the_manifest_counts_what_comes_before_it_and_says_who_read_it() {
    let settings = session("{}");
    let pages = collect_all(&FakeWorld::new(account), &settings, budget(None, None)).unwrap();
    let all = records(&pages);
    let (manifest, before) = all.split_last().unwrap();
    let content: Value = serde_json::from_str(&manifest.content).unwrap();
    assert_eq!(content["records"], before.len());
    assert_eq!(content["settings_digest"], settings.config.settings_digest);
    assert_eq!(
        content["settings"],
        json!({"accepted_gaps": [], "connection_details": true, "free_text": "withheld", "personal_data": "full", "spread_days": 1})
    );
    assert_eq!(content["principal"], json!({"id": "me", "kind": "user", "role": "Account Administrator"}));
}

/// A simulated account, of which everything can be read.
fn simulated(path: &str) -> Answer {
    use fivetran_simulator::{AccountSpec, Answers, Config};
    let account = AccountSpec { seed: 7, users: 3, teams: 1, groups: 1, connections: 2 };
    answer_of(&Answers::new(Config { account, ..Config::default() }).get(path).0)
}

#[test]
fn the_next_collection_is_told_where_its_events_begin() {
    let next_since = |answer: fn(&str) -> Answer, since: Option<&str>, settings: &str| {
        let request = CollectRequest { since: since.map(Into::into), ..budget(Some(5), None) };
        let pages = collect_all(&FakeWorld::new(answer), &session(settings), request).unwrap();
        let (last, before) = pages.split_last().unwrap();
        assert!(before.iter().all(|page| page.next_since.is_none()), "on the last page only");
        last.next_since.clone()
    };
    let (whole, since) = (simulated as fn(&str) -> Answer, Some("2025-12-24T00:00:00Z"));
    assert_eq!(next_since(whole, None, "{}").as_deref(), Some("2026-01-30T12:00:00.000Z"), "a day before the start");
    assert_eq!(next_since(whole, since, "{}").as_deref(), Some("2026-01-30T12:00:00.000Z"));
    // What is read every seventh day was last read up to eight days ago.
    assert_eq!(next_since(whole, None, r#"{"spread_days": 7}"#).as_deref(), Some("2026-01-23T12:00:00.000Z"));
    let short: fn(&str) -> Answer =
        |path| if path.starts_with("/v1/webhooks") { reply(500, "{}") } else { simulated(path) };
    assert_eq!(next_since(short, None, "{}"), None, "events are missing");
    assert_eq!(next_since(short, since, "{}").as_deref(), Some("2025-12-24T00:00:00.000Z"), "as this one");
    // What is no event may be short, and where no events are asked for there is nothing to go on from.
    let no_roles: fn(&str) -> Answer =
        |path| if path.starts_with("/v1/roles") { reply(403, "{}") } else { simulated(path) };
    assert_eq!(next_since(no_roles, None, "{}").as_deref(), Some("2026-01-30T12:00:00.000Z"));
    let roles = CollectRequest { kinds: vec!["role".into()], ..budget(None, None) };
    let pages = collect_all(&FakeWorld::new(whole), &session("{}"), roles).unwrap();
    assert_eq!(pages.last().unwrap().next_since, None);
}

#[test]
fn a_page_says_how_far_the_collection_is() {
    let pages = collect_all(&FakeWorld::new(account), &session("{}"), budget(Some(7), None)).unwrap();
    let lists = u32::try_from(fivetran_source::table::RESOURCES.len()).unwrap();
    let (last, before) = pages.split_last().unwrap();
    assert_eq!((last.progress.stages_done, last.progress.stages_total), (lists + 2, lists + 2), "account and closing");
    assert!(before.iter().all(|page| page.progress.stages_done < lists + 2 && page.progress.stages_total == lists + 2));
    assert_eq!((pages[0].progress.stage, before.last().unwrap().progress.stage), ("users", "closing"));
    // What comes from many lists is whole after the last of them.
    let pages = collect_all(&FakeWorld::new(simulated), &session("{}"), budget(Some(25), None)).unwrap();
    let of_events = |page: &Page| page.coverage.iter().find(|one| one.kind == "audit_event").unwrap().state;
    let in_lists = pages.iter().filter(|page| !["closing", "account"].contains(&page.progress.stage));
    let verdicts: Vec<CoverageState> = in_lists.map(of_events).collect();
    assert!(verdicts.len() > 3 && verdicts.iter().all(|state| *state != CoverageState::Complete), "{verdicts:?}");
    assert_eq!(of_events(pages.last().unwrap()), CoverageState::Complete);
}

/// What is wrong with a further page is told of that page; the first one stays.
#[test]
fn a_further_page_that_is_lost_is_said_by_its_number() {
    for (status, page, code, words) in [
        (404, 2, "no-usable-answer", "GET /v1/roles gave no usable answer from page 2 on"),
        (500, 2, "no-usable-answer", "GET /v1/roles gave no usable answer from page 2 on"),
        (403, 2, "refused", "GET /v1/roles was refused: ROLES:READ is missing"),
        (500, 1, "no-usable-answer", "GET /v1/roles gave no usable answer"),
        (404, 1, "not-offered", "GET /v1/roles is not offered to this account"),
    ] {
        let world = FakeWorld::new(move |path: &str| match path.strip_prefix("/v1/roles") {
            None => account(path),
            Some(query) if query.contains("cursor=") == (page == 2) => reply(status, json!({"code": "No"}).to_string()),
            Some(_) => success(&json!({"items": [{"name": "a", "is_custom": false}], "next_cursor": "x"})),
        });
        let request = CollectRequest { kinds: vec!["role".into()], ..budget(None, None) };
        let pages = collect_all(&world, &session("{}"), request).unwrap();
        let coverage = coverage(&pages, "role");
        assert_eq!((coverage.code, coverage.records), (code, page - 1), "{status} at page {page}");
        assert_eq!(coverage.reason, words, "{status} at page {page}");
    }
}

#[test]
fn a_page_that_is_stopped_says_why() {
    let world =
        FakeWorld::new(|path: &str| if path.starts_with("/v1/teams") { reply(503, "{}") } else { account(path) });
    let page = run(collect(&world, &session("{}"), &budget(None, None))).unwrap();
    let stopped = page.stopped.unwrap();
    assert_eq!((stopped.kind, stopped.code, stopped.http_status), (FailureKind::Upstream, "outage", Some(503)));
    assert!(stopped.retryable && page.cursor.is_some() && !page.records.is_empty() && page.next_since.is_none());
    // Where nothing was achieved there is nothing to answer with.
    let again = CollectRequest { cursor: page.cursor, ..budget(None, None) };
    assert_eq!(run(collect(&world, &session("{}"), &again)).unwrap_err().code, "outage");
}

#[test]
fn a_missing_scope_is_named_and_the_rest_is_collected() {
    let world = FakeWorld::new(|path: &str| {
        if path.starts_with("/v1/teams") {
            reply(
                403,
                json!({"code": "Forbidden", "message": "Access denied. Required permission: TEAM_READ"}).to_string(),
            )
        } else {
            account(path)
        }
    });
    let pages = collect_all(&world, &session("{}"), budget(None, None)).unwrap();
    for (kind, state) in [
        ("team", CoverageState::Forbidden),
        ("team_membership", CoverageState::Forbidden),
        ("access_grant", CoverageState::Partial),
        ("user", CoverageState::Complete),
    ] {
        let coverage = coverage(&pages, kind);
        assert_eq!(coverage.state, state, "{kind}");
        assert_eq!(
            coverage.missing_permission.as_deref(),
            (state != CoverageState::Complete).then_some("TEAM:READ"),
            "{kind}"
        );
    }
}

#[test]
fn a_part_that_is_always_refused_is_soon_left_alone() {
    let many: Vec<Value> = (0..50).map(|n| json!({"id": format!("c{n}")})).collect();
    let world = FakeWorld::new(move |path: &str| match path.split('?').next().unwrap() {
        "/v1/connections" => success(&json!({"items": many})),
        path if path.starts_with("/v1/connections/") => reply(403, json!({"code": "Forbidden"}).to_string()),
        path => account(path),
    });
    let pages = collect_all(&world, &session("{}"), budget(None, Some(4))).unwrap();
    let calls = world.journal.borrow().iter().filter(|path| path.starts_with("/v1/connections/")).count();
    assert!(calls <= 3 + 4 * 5, "{calls} calls");
    let coverage = coverage(&pages, "connection");
    assert_eq!((coverage.state, coverage.records, coverage.items_failed), (CoverageState::Partial, 50, 50));
}

#[test]
fn a_list_that_goes_in_circles_is_never_complete() {
    for period in [1, 2, 3, 7] {
        let world = FakeWorld::new(move |path: &str| {
            if !path.starts_with("/v1/roles") {
                return account(path);
            }
            let at: usize = path.split("cursor=n").nth(1).map_or(0, |n| n.parse().unwrap());
            let next = if at == 0 { 1 } else { at % period + 1 };
            success(&json!({"items": [{"name": format!("role {at}")}], "next_cursor": format!("n{next}")}))
        });
        let pages = collect_all(&world, &session("{}"), budget(None, None)).unwrap();
        let coverage = coverage(&pages, "role");
        assert_eq!(coverage.state, CoverageState::Partial, "period {period}");
        assert!(coverage.reason.contains("did not come to an end"), "{}", coverage.reason);
        assert!(world.journal.borrow().len() < 110);
    }
}

#[test]
fn an_empty_cursor_is_the_end_and_repeats_are_dropped() {
    let world = FakeWorld::new(|path: &str| {
        if !path.starts_with("/v1/roles") {
            return account(path);
        }
        let (names, next) = if path.contains("cursor=") { (["b", "c"], "") } else { (["a", "b"], "x") };
        success(&json!({"items": names.map(|name| json!({"name": name, "is_custom": false})), "next_cursor": next}))
    });
    let pages = collect_all(&world, &session("{}"), budget(None, None)).unwrap();
    assert_eq!((coverage(&pages, "role").state, coverage(&pages, "role").records), (CoverageState::Complete, 3));
}

#[test]
fn a_rate_limit_is_waited_out_when_the_budget_allows_and_handed_to_the_host_when_not() {
    let limited = |seconds: &'static str| {
        let calls = std::cell::Cell::new(0);
        FakeWorld::new(move |path: &str| {
            calls.set(calls.get() + 1);
            if calls.get() == 12 {
                return Ok(Response {
                    status: 429,
                    retry_after: Some(seconds.into()),
                    request_id: None,
                    body: Vec::new(),
                    body_digest: None,
                });
            }
            account(path)
        })
    };
    let want = collect_all(&FakeWorld::new(account), &session("{}"), budget(None, None)).unwrap();
    let short = limited("5");
    let pages = collect_all(&short, &session("{}"), budget(None, Some(1))).unwrap();
    assert!(pages.len() == 1 && (5000..=5500).contains(&short.waited_ms.get()), "{}", short.waited_ms.get());
    assert_eq!(records(&pages).len(), records(&want).len());
    let long = limited("3600");
    let pages = collect_all(&long, &session("{}"), budget(None, Some(1))).unwrap();
    assert_eq!(long.waited_ms.get(), 0);
    assert_eq!(pages[0].not_before.as_deref(), Some("2026-01-31T13:00:00.000Z"));
    assert_eq!(records(&pages), records(&want));
}

#[test]
fn an_outage_loses_nothing() {
    let want = collect_all(&FakeWorld::new(account), &session("{}"), budget(None, None)).unwrap();
    for from in 1..28 {
        let settings = session("{}");
        let calls = std::cell::Cell::new(0);
        let world = FakeWorld::new(move |path: &str| {
            calls.set(calls.get() + 1);
            if (from..from + 4).contains(&calls.get()) {
                Err(TransportError::Broken("connection-refused"))
            } else {
                account(path)
            }
        });
        let mut request = budget(None, Some(1));
        let mut got = Vec::new();
        let mut failures = 0;
        loop {
            match run(collect(&world, &settings, &request)) {
                Ok(page) => {
                    got.extend(page.records);
                    request.cursor = page.cursor;
                    if request.cursor.is_none() {
                        break;
                    }
                }
                Err(failure) => {
                    failures += 1;
                    assert!(failures < 3 && failure.kind == FailureKind::Network && failure.retryable, "{failure:?}");
                }
            }
        }
        let ids = |records: &[source_kit::base::model::Record]| {
            records.iter().map(|record| record.id.clone()).filter(|id| !id.contains(":manifest:")).collect::<Vec<_>>()
        };
        assert_eq!(ids(&got), ids(&records(&want).into_iter().cloned().collect::<Vec<_>>()), "outage at call {from}");
    }
}

#[test]
fn bad_requests_name_the_field_and_the_remedy() {
    let zero = |change: fn(&mut Budget)| {
        let mut request = budget(None, None);
        change(&mut request.budget);
        request
    };
    let cases = [
        (zero(|b| b.max_records = Some(0)), "/budget/max_records"),
        (zero(|b| b.max_bytes = Some(0)), "/budget/max_bytes"),
        (zero(|b| b.max_requests = Some(0)), "/budget/max_requests"),
        (zero(|b| b.max_milliseconds = Some(0)), "/budget/max_milliseconds"),
        (zero(|b| b.max_concurrency = Some(0)), "/budget/max_concurrency"),
        (zero(|b| b.max_concurrency = Some(65)), "/budget/max_concurrency"),
        (CollectRequest { kinds: vec!["user".into(), "usr".into()], ..CollectRequest::default() }, "/kinds/1"),
        (CollectRequest { since: Some("yesterday".into()), ..CollectRequest::default() }, "/since"),
    ];
    for (request, pointer) in cases {
        let world = FakeWorld::new(account);
        let failure = run(collect(&world, &session("{}"), &request)).unwrap_err();
        assert_eq!((failure.kind, failure.pointer.as_deref()), (FailureKind::InvalidRequest, Some(pointer)));
        assert!(!failure.remedy.is_empty() && world.journal.borrow().is_empty(), "nothing is sent");
    }
}

#[test]
fn a_bad_key_costs_one_call_and_names_the_remedy() {
    let world = FakeWorld::new(|_: &str| reply(401, json!({"code": "Unauthorized"}).to_string()));
    let failure = run(collect(&world, &session("{}"), &budget(None, None))).unwrap_err();
    assert_eq!((failure.kind, failure.http_status, failure.retryable), (FailureKind::Unauthorized, Some(401), false));
    assert!(failure.remedy.contains("regenerate"), "{}", failure.remedy);
    assert_eq!(world.journal.borrow().len(), 1);
}

#[test]
fn odd_answers_never_break_a_collection() {
    let odd = [
        "",
        "null",
        "[]",
        "{}",
        "{\"code\":\"Success\"}",
        "{\"code\":\"Success\",\"data\":null}",
        "{\"code\":\"Success\",\"data\":[]}",
        "{\"code\":\"Success\",\"data\":{\"items\":null}}",
        "{\"code\":\"Success\",\"data\":{\"items\":[null,1,\"x\",[],{},{\"id\":null},{\"id\":7}]}}",
        "{\"code\":\"Oops\",\"data\":{\"items\":[]}}",
        "<html>",
        "{\"code\":\"Success\",\"data\":{\"items\":[{\"id\":\"a\"}",
        "\u{feff}{}",
    ];
    let deep = format!("{{\"code\":\"Success\",\"data\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    for body in odd.into_iter().map(String::from).chain([deep]) {
        for prefix in [
            "/v1/roles",
            "/v1/users?",
            "/v1/users/",
            "/v1/teams",
            "/v1/groups",
            "/v1/destinations",
            "/v1/connections?",
            "/v1/connections/",
        ] {
            let body = body.clone();
            let world = FakeWorld::new(
                move |path: &str| if path.starts_with(prefix) { reply(200, body.clone()) } else { account(path) },
            );
            let pages = collect_all(&world, &session("{}"), budget(None, None)).unwrap();
            assert!(pages.last().unwrap().coverage.iter().any(|c| c.state == CoverageState::Complete));
        }
    }
}
