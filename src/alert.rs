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

/// The codes of alerts; `None` when no list of them was read. Their messages and details are free text: withheld. `name` is that of the
/// field in `status`.
pub fn codes<'a>(
    alerts: &'a Field<Vec<Field<Alert<'_>>>>,
    name: &str,
    withheld: &mut Vec<Withheld>,
) -> Option<Vec<&'a str>> {
    let alerts = alerts.get()?;
    let mut out = Vec::new();
    for (index, alert) in alerts.iter().enumerate() {
        let Some(alert) = alert.get() else { continue };
        for (field, value) in [("details", &alert.details), ("message", &alert.message)] {
            if value.is_set() {
                let pointer = format!("/status/{name}/{index}/{field}");
                withheld.push(Withheld { pointer, reason: WithheldReason::FreeText });
            }
        }
        out.extend(alert.code.text());
    }
    Some(out)
}
