//! The outcome of the last setup test, as stored on destinations and connections. Reading it starts
//! no test.

use alloc::format;
use alloc::vec::Vec;
use serde::Serialize;
use source_kit::{Field, Rule, Text, Unread, Withheld, WithheldReason, wire};

/// One check of the last setup test.
#[derive(Debug, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema), schemars(deny_unknown_fields))]
pub struct SetupTestContent<'a> {
    /// PASSED, SKIPPED, WARNING, FAILED or JOB_FAILED.
    pub status: Option<&'a str>,
    /// What was checked.
    pub title: Option<&'a str>,
}

wire! {
    /// An element of `setup_tests`.
    pub struct SetupTest<'a> {
        title: Text<'a>,
        status: Text<'a> => Rule::OneOf(&["PASSED", "SKIPPED", "WARNING", "FAILED", "JOB_FAILED"]),
        message: Field<Unread>,
        details: Field<Unread>,
    }
}

/// The checks; `None` when Fivetran gave none at all, or one could not be read.
pub fn contents<'a>(
    list: &'a Field<Vec<Field<SetupTest<'_>>>>,
    withheld: &mut Vec<Withheld>,
) -> Option<Vec<SetupTestContent<'a>>> {
    let tests = list.get()?;
    for (index, test) in tests.iter().enumerate() {
        let Some(test) = test.get() else { continue };
        for (name, field) in [("details", &test.details), ("message", &test.message)] {
            if field.is_set() {
                let pointer = format!("/setup_tests/{index}/{name}");
                withheld.push(Withheld { pointer, reason: WithheldReason::FreeText });
            }
        }
    }
    list.every(|test| Some(SetupTestContent { status: test.status.text(), title: test.title.text() }))
}
