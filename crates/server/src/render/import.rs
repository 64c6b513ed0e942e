//! Imports: how far they are, and what could not be imported.

use onfile_core::ids::Id;
use serde_json::{Value, json};

use super::Context;
use crate::imports::table::Fault;
use crate::model::import::Import;
use crate::store::imports::{ParkedRow, Progress};

/// An import with its report.
pub fn import(context: &Context<'_>, import: &Import, progress: &Progress) -> Value {
    json!({
        "id": import.id.as_str(),
        "object": "onfile.import",
        "created": import.created,
        "finished_at": import.finished_at,
        "imported": progress.imported,
        "livemode": context.account.livemode,
        "parked": progress.parked,
        "parked_rows": progress.parked_rows.iter().map(parked).collect::<Vec<_>>(),
        "pending": progress.pending,
        "product": import.product.as_str(),
        "rows": import.rows,
        "status": import.state.as_str(),
        "test_clock": import.test_clock.as_ref().map(Id::as_str),
    })
}

fn parked(row: &ParkedRow) -> Value {
    json!({ "row": row.line, "reference": row.reference, "reason": row.reason })
}

/// Everything that is wrong with a file.
pub fn faults(faults: &[Fault]) -> Value {
    let one = |fault: &Fault| json!({ "row": fault.row, "column": fault.column, "message": fault.message });
    json!({ "faults": faults.iter().map(one).collect::<Vec<_>>() })
}
