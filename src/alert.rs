//! What Fivetran says someone has to do, or warns of: `tasks` and `warnings` of connections and log
//! services.

use alloc::format;
use alloc::vec::Vec;
use source_kit::{Field, Text, Unread, Withheld, WithheldReason, wire};

wire! {
    /// An element of `tasks` or `warnings`.
    pub struct Alert<'a> {
        code: Text<'a>,
        message: Field<Unread>,
        details: Field<Unread>,
    }
}

/// The codes of alerts; `None` when the list or the code of one could not be read. Their messages and details are free text: withheld. `name` is that of the
/// field in `status`.
pub fn codes<'a>(
    list: &'a Field<Vec<Field<Alert<'_>>>>,
    name: &str,
    withheld: &mut Vec<Withheld>,
) -> Option<Vec<&'a str>> {
    let alerts = list.get()?;
    for (index, alert) in alerts.iter().enumerate() {
        let Some(alert) = alert.get() else { continue };
        for (field, value) in [("details", &alert.details), ("message", &alert.message)] {
            if value.is_set() {
                let pointer = format!("/status/{name}/{index}/{field}");
                withheld.push(Withheld { pointer, reason: WithheldReason::FreeText });
            }
        }
    }
    list.every(|alert| alert.code.text())
}
