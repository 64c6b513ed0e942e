//! The language by examples, and by properties: whatever was understood is written and understood again as the same, and
//! nothing stops the reader.

use proptest::prelude::*;

use super::*;

const FIELDS: &[Field] = &[
    Field { name: "amount", kind: FieldKind::Number },
    Field { name: "card.last4", kind: FieldKind::Token },
    Field { name: "email", kind: FieldKind::Text },
    Field { name: "metadata", kind: FieldKind::Metadata },
    Field { name: "status", kind: FieldKind::Token },
];

fn clause(field: &'static str, test: Test) -> Clause {
    Clause { field, key: None, negated: false, test }
}

fn one(text: &str) -> Clause {
    let query = parse(text, FIELDS).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!((query.joined, query.clauses.len()), (Joined::And, 1), "{text}");
    query.clauses.into_iter().next().unwrap()
}

#[test]
fn a_clause_is_a_field_an_operator_and_a_value() {
    let is = |text: &str| Test::Is(text.to_owned());
    for (text, field, test) in [
        (r#"email:"amy@rocketrides.io""#, "email", is("amy@rocketrides.io")),
        ("email:'amy'", "email", is("amy")),
        (r#"email~"amy""#, "email", Test::Contains("amy".to_owned())),
        (r#"email:"a \"b\" \\ \n 'c'""#, "email", is(r#"a "b" \ \n 'c'"#)),
        (r"email:'it\'s'", "email", is("it's")),
        (r#"email:"""#, "email", is("")),
        ("email:null", "email", Test::IsNull),
        ("email:NULL", "email", Test::IsNull),
        (r#"email:"null""#, "email", is("null")),
        ("amount:1000", "amount", Test::Number(Order::Equal, 1000)),
        (r#"amount:"1000""#, "amount", Test::Number(Order::Equal, 1000)),
        ("amount>-5", "amount", Test::Number(Order::Greater, -5)),
        ("amount>=5", "amount", Test::Number(Order::AtLeast, 5)),
        ("amount<5", "amount", Test::Number(Order::Less, 5)),
        ("amount <= 5", "amount", Test::Number(Order::AtMost, 5)),
        ("card.last4:4242", "card.last4", is("4242")),
        ("  status : 'open'  ", "status", is("open")),
    ] {
        assert_eq!(one(text), clause(field, test), "{text}");
    }
    let tagged = one(r#"-metadata["a \"key\""]:null"#);
    assert_eq!((tagged.negated, tagged.key.as_deref()), (true, Some(r#"a "key""#)));
}

#[test]
fn clauses_are_joined_by_a_space_and_or_or() {
    for (text, joined) in [
        ("amount>1 amount<5 status:'x'", Joined::And),
        ("amount>1 AND amount<5 and status:'x'", Joined::And),
        ("amount>1 AND amount<5 status:'x'", Joined::And),
        ("amount>1 OR amount<5 or status:'x'", Joined::Or),
    ] {
        let query = parse(text, FIELDS).unwrap();
        assert_eq!((query.joined, query.clauses.len()), (joined, 3), "{text}");
    }
}

#[test]
fn what_cannot_be_meant_is_refused_where_it_stands() {
    let many = ["amount>1"; CLAUSES_MAX + 1].join(" ");
    let long = format!("email:'{}'", "x".repeat(QUERY_CHARACTERS_MAX));
    for (text, at, word) in [
        ("", 1, "a clause is missing"),
        ("   ", 4, "a clause is missing"),
        ("nonsense:1", 1, "amount, card.last4, email, metadata, status"),
        ("amount>1 AND colour:'red'", 14, "no field `colour`"),
        ("amount>1 AND", 13, "a clause is missing"),
        ("AND amount>1", 1, "no field `AND`"),
        ("amount>1 AND status:'x' OR amount<9", 25, "cannot be combined"),
        ("amount>1 OR status:'x' amount<9", 24, "cannot be combined"),
        ("(amount>1)", 1, "parentheses"),
        ("-(amount>1)", 2, "parentheses"),
        ("- amount>1", 2, "begins with a field"),
        ("--amount>1", 2, "begins with a field"),
        ("amount", 7, "an operator is missing"),
        ("amount=5", 7, "an operator is missing"),
        ("amount>", 8, "a value is missing"),
        ("amount>1.5", 8, "an integer"),
        ("amount>99999999999999999999", 8, "an integer"),
        ("amount:'x'", 8, "an integer"),
        ("amount~'123'", 7, "whole values"),
        ("amount>null", 7, "null"),
        ("email~null", 6, "null"),
        ("status~'abc'", 7, "go with email"),
        ("status>5", 7, "not a number; `<` and `>` go with amount"),
        ("email~'ab'", 7, "at least 3 characters"),
        ("email:amy", 7, "quotation marks"),
        ("email:\"amy", 7, "not closed"),
        ("email:'amy'status:'x'", 12, "separated by a space"),
        ("metadata:'x'", 9, "brackets"),
        ("metadata[key]:'x'", 10, "brackets"),
        ("metadata['key':'x'", 15, "not closed"),
        (&many, 91, "at most 10 clauses"),
        (&long, 5_001, "at most 5000 characters"),
    ] {
        let error = parse(text, FIELDS).map(|query| query.to_string()).unwrap_err();
        assert!(error.at == at && error.why.contains(word), "{text}: {error}");
    }
}

fn test() -> impl Strategy<Value = (usize, Test)> {
    let order =
        prop::sample::select(vec![Order::Equal, Order::Less, Order::AtMost, Order::Greater, Order::AtLeast]);
    prop_oneof![
        (order, any::<i64>()).prop_map(|(order, number)| (0, Test::Number(order, number))),
        (1_usize..5, any::<String>()).prop_map(|(field, text)| (field, Test::Is(text))),
        ".{3,20}".prop_map(|text| (2, Test::Contains(text))),
        (0_usize..5).prop_map(|field| (field, Test::IsNull)),
    ]
}

fn clauses() -> impl Strategy<Value = Vec<Clause>> {
    let clause = (test(), any::<bool>(), any::<String>()).prop_map(|((field, test), negated, key)| {
        let field = &FIELDS[field];
        let key = (field.kind == FieldKind::Metadata).then_some(key);
        Clause { field: field.name, key, negated, test }
    });
    prop::collection::vec(clause, 1..=CLAUSES_MAX)
}

proptest! {
    #[test]
    fn what_is_written_is_read_again_as_the_same(clauses in clauses(), or in any::<bool>()) {
        let joined = if or && clauses.len() > 1 { Joined::Or } else { Joined::And };
        let query = Query { joined, clauses };
        let text = query.to_string();
        prop_assume!(text.chars().count() <= QUERY_CHARACTERS_MAX);
        prop_assert_eq!(parse(&text, FIELDS), Ok(query));
    }

    #[test]
    fn nothing_stops_the_reader(text in "[-a-z0-9_.:~<>='\"\\\\\\[\\] ()]{0,60}|.{0,60}") {
        if let Err(error) = parse(&text, FIELDS) {
            prop_assert!(error.at <= text.chars().count() + 1, "{}", error);
        }
    }
}
