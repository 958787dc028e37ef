//! Properties that hold for any input: of canonical JSON, retries, paging and redaction.

use crate::fake::{FakeWorld, NOW, account_info, collect_all, records, session, success};
use proptest::prelude::*;
use serde_json::{Value, json};
use source_evidence::digest::canonical;
use source_kit::base::canonical::to_canonical;
use source_kit::base::model::{Budget, CollectRequest, CoverageState};
use source_kit::read::retry::{Attempt, Verdict, decide};
use std::collections::BTreeMap;

/// The same cases in every run, and no file of old failures: what fails once becomes a test.
fn fixed(cases: u32) -> ProptestConfig {
    let rng_seed = proptest::test_runner::RngSeed::Fixed(8785);
    ProptestConfig { cases, failure_persistence: None, rng_seed, ..ProptestConfig::default() }
}

/// Any JSON. Keys are ASCII, as all names of contents are: for those, byte order is canonical.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_filter_map("no JSON number", |number| serde_json::Number::from_f64(number).map(Value::from)),
        any::<String>().prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map("[ -~]{0,8}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// Which items a page holds, of a list of roles that is cut at `cuts` and shows some items twice.
fn role_page(names: &[String], cuts: &[usize], repeat: usize, page: usize) -> Value {
    let bound = |at: usize| cuts.get(at).map_or(names.len(), |cut| (*cut).min(names.len()));
    let start = if page == 0 { 0 } else { bound(page - 1) };
    let (from, upto) = (start.saturating_sub(repeat), bound(page).max(start));
    let items: Vec<Value> = names[from..upto].iter().map(|name| json!({"name": name, "is_custom": false})).collect();
    let next = (page < cuts.len()).then(|| format!("page{}", page + 1));
    json!({"items": items, "next_cursor": next})
}

proptest! {
    #![proptest_config(fixed(512))]

    #[test]
    fn canonical_json_is_that_of_an_independent_canonicaliser(value in any_json()) {
        let ours = to_canonical(&value);
        prop_assert_eq!(Some(ours.clone().into_bytes()), canonical(&value));
        let again: Value = serde_json::from_str(&ours).unwrap();
        prop_assert_eq!(to_canonical(&again), ours, "canonical JSON of canonical JSON is itself");
    }

    #[test]
    fn a_wait_is_bounded_and_what_no_retry_can_change_is_not_tried_again(
        status in 100_u16..600, header in prop::option::of(".{0,40}"), attempt in 1_u32..10, salt in any::<u64>()
    ) {
        let outcome = Attempt::Status { status, retry_after: header.as_deref() };
        match (status, decide(outcome, attempt, salt, NOW)) {
            (429, Verdict::RateLimitedMs(wait)) => prop_assert!((1..=3_600_000).contains(&wait)),
            (408 | 500 | 502 | 503 | 504, Verdict::RetryAfterMs(wait)) => {
                prop_assert!((1..=30_000).contains(&wait) && attempt < 4);
                let next = decide(outcome, attempt + 1, salt, NOW);
                prop_assert!(matches!(next, Verdict::GiveUp | Verdict::RetryAfterMs(_)));
            }
            (408 | 500 | 502 | 503 | 504, verdict) => prop_assert!(verdict == Verdict::GiveUp && attempt >= 4),
            (_, verdict) => prop_assert_eq!(verdict, Verdict::Take),
        }
    }
}

proptest! {
    #![proptest_config(fixed(128))]

    #[test]
    fn a_list_is_read_once_and_completely_however_it_is_cut(
        count in 1_usize..60, mut cuts in prop::collection::vec(1_usize..60, 0..6), repeat in 0_usize..3,
        max_records in prop::option::of(1_u32..20), concurrency in 1_u32..8
    ) {
        cuts.retain(|cut| *cut < count);
        cuts.sort_unstable();
        cuts.dedup();
        let names: Vec<String> = (0..count).map(|index| format!("Role {index:03}")).collect();
        let world = FakeWorld::new(|path: &str| {
            if !path.starts_with("/v1/roles") {
                return account_info();
            }
            let page = path.split("cursor=page").nth(1).map_or(0, |page| page.parse().unwrap());
            success(&role_page(&names, &cuts, repeat, page))
        });
        let budget = Budget { max_records, max_concurrency: Some(concurrency), ..Budget::default() };
        let request = CollectRequest { kinds: vec!["role".into()], budget, ..CollectRequest::default() };
        let pages = collect_all(&world, &session("{}"), request).unwrap();
        let read: Vec<&str> =
            records(&pages).iter().filter(|record| record.kind == "role").map(|record| record.subject.id.as_str()).collect();
        let coverage = pages.last().and_then(|page| page.coverage.iter().find(|coverage| coverage.kind == "role"));
        let complete = coverage.unwrap().state == CoverageState::Complete;
        prop_assert!(read.is_sorted_by(|one, next| one < next), "each once, in order");
        prop_assert_eq!(complete, read == names, "complete if it is whole, and only then");
        // A page that begins like one before it cannot be told from a list that turns in circles.
        let starts = [&[0], &cuts[..]].concat();
        let longer = starts.iter().zip(starts.iter().skip(1).chain([&count])).all(|(from, upto)| upto - from > repeat);
        prop_assert!(complete || !longer);
    }

    #[test]
    fn no_setting_comes_out_that_no_list_names(
        config in prop::collection::btree_map("[a-z]{1,6}(_(secret|token|password|key|x))?", "[a-z0-9]{4,12}", 1..12)
    ) {
        // A mark that no name or text of ours holds.
        let marked: BTreeMap<&String, String> = config.iter().map(|(name, value)| (name, format!("Qz9{value}"))).collect();
        let world = FakeWorld::new(|path: &str| match path.split('?').next().unwrap_or_default() {
            "/v1/account/info" => account_info(),
            "/v1/connections" => success(&json!({"items": [{"id": "one", "service": "s", "config": marked}]})),
            _ => success(&json!({"id": "one", "service": "s", "config": marked})),
        });
        let request = CollectRequest { kinds: vec!["connection".into()], ..CollectRequest::default() };
        let pages = collect_all(&world, &session("{}"), request).unwrap();
        let all = records(&pages);
        let record = all.iter().find(|record| record.kind == "connection").unwrap();
        let content: Value = serde_json::from_str(&record.content).unwrap();
        let kept = content["settings"].as_object().unwrap();
        for (name, value) in &marked {
            let pointer = format!("/config/{name}");
            let withheld = record.withheld.iter().any(|withheld| withheld.pointer == pointer);
            prop_assert_eq!(withheld, !kept.contains_key(*name), "{}: kept, or named as withheld", name);
            let secret = ["secret", "token", "password", "key"].iter().any(|word| name.contains(word));
            prop_assert!(withheld || !secret, "{}", name);
            let shown = format!("{pages:?}").contains(value.as_str());
            prop_assert!(!withheld || !shown, "{}", name);
        }
    }
}
