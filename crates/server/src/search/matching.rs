//! Whether a query is true of an object as it is now: the word that counts, whatever the index proposed.

use super::{Fact, Index, Searched};
use crate::wire::search::{Clause, Joined, Query, Test, folded};

/// Whether a query is true of an object.
pub fn matches<T: Searched>(query: &Query, object: &T) -> bool {
    if !object.is_there() {
        return false;
    }
    match query.joined {
        Joined::Or => query.clauses.iter().any(|clause| holds(object, clause)),
        Joined::And => {
            query.clauses.iter().all(|clause| holds(object, clause)) && hold_of_one_part(query, object)
        }
    }
}

fn holds<T: Searched>(object: &T, clause: &Clause) -> bool {
    let fact = match &clause.key {
        Some(key) => Fact::text(object.metadata().get(key).map(String::as_str)),
        None => object.fact(clause.field),
    };
    let positive = match (&fact, &clause.test) {
        (Fact::Absent, asked) => *asked == Test::IsNull,
        (Fact::Parts(parts), Test::IsNull) => parts.is_empty(),
        (Fact::Number(value), Test::Number(order, number)) => order.holds(*value, *number),
        (Fact::Text(text), Test::Is(wanted)) if matches!(T::index(clause.field), Index::Customer) => {
            // Ids differ by case alone; and the table's own index, which proposes by customer, goes by bytes.
            text == wanted
        }
        (Fact::Text(text), asked) => is_true(asked, text),
        (Fact::Parts(parts), asked) => parts.iter().any(|part| is_true(asked, part)),
        (Fact::Number(_), _) => false,
    };
    positive != clause.negated
}

/// What is asked of parts has to hold of one of them, not of one here and of another there.
fn hold_of_one_part<T: Searched>(query: &Query, object: &T) -> bool {
    let asked: Vec<(Vec<String>, &Test)> = query
        .clauses
        .iter()
        .filter(|clause| !clause.negated && clause.key.is_none() && clause.test != Test::IsNull)
        .filter_map(|clause| match object.fact(clause.field) {
            Fact::Parts(parts) => Some((parts, &clause.test)),
            Fact::Absent | Fact::Text(_) | Fact::Number(_) => None,
        })
        .collect();
    let parts = asked.iter().map(|(parts, _)| parts.len()).min().unwrap_or_default();
    asked.len() < 2
        || (0..parts)
            .any(|at| asked.iter().all(|(parts, test)| parts.get(at).is_some_and(|part| is_true(test, part))))
}

fn is_true(asked: &Test, text: &str) -> bool {
    match asked {
        Test::Is(wanted) => folded(text) == folded(wanted),
        Test::Contains(wanted) => folded(text).contains(&folded(wanted)),
        Test::Number(..) | Test::IsNull => false,
    }
}
