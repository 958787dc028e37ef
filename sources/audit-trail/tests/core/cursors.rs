//! A step survives as a text, and no other text becomes one.

use crate::support::{bigquery, columns, datadog, place, snowflake, step};
use audit_trail_source::ask::Part;
use audit_trail_source::cursor::LONGEST;
use audit_trail_source::step::{Open, Phase, Step};
use audit_trail_source::table::Table;
use proptest::prelude::*;

fn any_phase() -> impl Strategy<Value = Phase> {
    let part = ("[a-z]{1,64}[.][A-Za-z0-9_-]{1,64}", "[A-Za-z0-9=+/_.-]{1,600}");
    let open = (part, any::<u64>()).prop_map(|((handle, next), read)| Open { part: Part { handle, next }, read });
    prop_oneof![
        Just(Phase::Account),
        Just(Phase::Columns),
        Just(Phase::Count),
        Just(Phase::Rows(None)),
        open.prop_map(|open| Phase::Rows(Some(open))),
        Just(Phase::Recount),
        Just(Phase::Done),
    ]
}

proptest! {
    #[test]
    fn a_step_survives(phase in any_phase(), numbers in any::<[i64; 3]>(), counts in any::<[Option<u64>; 2]>(), instants in any::<[Option<i64>; 4]>(), skip in any::<u64>(), moved in any::<bool>(), is_log in any::<bool>()) {
        let settings = snowflake();
        let table = if is_log { Table::Log } else { Table::AuditTrail };
        let step = Step {
            columns: columns(table, &["id", "message_data"]), since_us: instants[0], watermark_us: numbers[0], at_us: numbers[1], skip,
            counted: counts[0], delivered: numbers[2].unsigned_abs(), recounted: counts[1], moved, first_us: instants[1], last_us: instants[2], synced_us: instants[3], sum: numbers[1],
            ..step(place(&settings), table, None, phase)
        };
        let text = step.to_text();
        prop_assert!(text.is_ascii() && text.len() <= LONGEST, "{}", text.len());
        prop_assert_eq!(Step::from_text(place(&settings), &text), Some(step));
    }

    #[test]
    fn another_text_is_none(text in "[atlsqcnrpmd0-9A-L|.-]{0,80}") {
        let settings = snowflake();
        if let Some(step) = Step::from_text(place(&settings), &text) {
            prop_assert_eq!(step.to_text(), text);
        }
    }
}

#[test]
fn the_longest_step_is_short_enough() {
    let settings = bigquery();
    let part = Part { handle: format!("{0}.{0}", "h".repeat(64)), next: "t".repeat(600) };
    let step = Step {
        watermark_us: i64::MIN,
        at_us: i64::MIN,
        skip: u64::MAX,
        counted: Some(u64::MAX),
        delivered: u64::MAX,
        recounted: Some(u64::MAX),
        first_us: Some(i64::MIN),
        last_us: Some(i64::MIN),
        synced_us: Some(i64::MIN),
        sum: i64::MIN,
        since_us: Some(i64::MIN),
        ..step(place(&settings), Table::Log, Some(1), Phase::Rows(Some(Open { part, read: u64::MAX })))
    };
    let text = step.to_text();
    assert!(text.len() <= LONGEST, "{}", text.len());
    assert_eq!(Step::from_text(place(&settings), &text), Some(step));
}

#[test]
fn a_malformed_text_is_none() {
    let settings = snowflake();
    let part = Part { handle: "h1".into(), next: "1".into() };
    let step = step(place(&settings), Table::AuditTrail, Some(7), Phase::Rows(Some(Open { part, read: 5 })));
    let text = step.to_text();
    assert_eq!(text, "t|s|abcdefghijkl|7|9223372036854775807|7|0|-|0|-|0|-|-|-|0|p|5|h1|1");
    assert!(Step::from_text(place(&settings), &text).is_some());
    for (from, to) in [
        ("t|s", "x|s"),
        ("t|s", "t|l"),
        ("t|s", "t|q"),
        ("t|s", "a|s"),
        ("abc", "aac"),
        ("abc", "mbc"),
        ("|7|", "|07|"),
        ("|7|", "|+7|"),
        ("|7|", "|x|"),
        ("|0|-|-", "|2|-|-"),
        ("|p|", "|z|"),
        ("|h1|", "|../x|"),
        ("|h1|", "|..|"),
        ("|h1|", "|a.b.c|"),
        ("|h1|1", "|h1|"),
        ("|h1|1", "|h1|a b"),
        ("|h1|1", "|h1|1|"),
        ("|h1|1", "|h1"),
        ("|5|h1", "|-5|h1"),
        ("|5|h1", "|18446744073709551616|h1"),
    ] {
        let other = text.replacen(from, to, 1);
        assert_ne!(other, text, "{from}");
        assert_eq!(Step::from_text(place(&settings), &other), None, "{other}");
    }
    assert_eq!(Step::from_text(place(&settings), &"t".repeat(LONGEST + 1)), None);
    // Another place reads that table in another way, or has none.
    let listing = text.replace("|7|9", "|-|9");
    assert_eq!(Step::from_text(place(&bigquery()), &listing), None);
    assert_eq!(Step::from_text(place(&datadog()), &text), None);
}
