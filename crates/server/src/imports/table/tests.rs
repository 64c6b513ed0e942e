use onfile_core::interval::Interval;

use super::*;

const HEADER: &str = "reference,name,email,method,amount,currency,recurrence,start,timezone,description";
const GOOD: [&str; 10] = [
    "A-1",
    "Ada Lovelace",
    "ada@example.com",
    "pm_card_visa",
    "29.99",
    "usd",
    "FREQ=MONTHLY;BYMONTHDAY=31",
    "2027-01-31",
    "America/New_York",
    "Line 1",
];

/// A good row with one cell changed.
fn with(column: &str, cell: &str) -> String {
    let at = HEADER.split(',').position(|name| name == column).unwrap();
    let mut cells = GOOD;
    cells[at] = cell;
    cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).join(",")
}

fn faults(text: &str) -> Vec<Fault> {
    read(text).unwrap_err()
}

#[test]
fn a_good_file_is_read_in_any_order_of_columns_and_with_the_optional_ones_left_out() {
    let row = with("name", "Ada, Countess of \"Lovelace\"");
    let rows = read(&format!("{HEADER}\r\n{row}\r\n")).unwrap();
    let [(2, entry)] = rows.as_slice() else { panic!("{rows:?}") };
    assert_eq!(entry.name, "Ada, Countess of \"Lovelace\"");
    assert_eq!((entry.amount, entry.currency.as_str()), (2_999, "usd"));
    assert_eq!(entry.schedule.to_string(), "2027-01-31T09:00[America/New_York] FREQ=MONTHLY;BYMONTHDAY=31");
    assert_eq!((entry.rhythm.interval, entry.rhythm.interval_count), (Interval::Month, 1));
    assert_eq!(entry.description.as_deref(), Some("Line 1"));
    let turned = "\u{feff}start,recurrence,currency,amount,method,email,name,reference\n\
        2027-01-31,FREQ=WEEKLY;INTERVAL=2,JPY,2900,tok_visa,ada@example.com, Ada ,A-1\n";
    let rows = read(turned).unwrap();
    let (_, entry) = &rows[0];
    assert_eq!((entry.name.as_str(), entry.amount, entry.currency.as_str()), ("Ada", 2_900, "jpy"));
    assert_eq!(entry.schedule.to_string(), "2027-01-31T09:00[UTC] FREQ=WEEKLY;INTERVAL=2");
    assert_eq!((entry.rhythm.interval_count, &entry.description), (2, &None));
}

#[test]
fn a_fault_of_a_cell_names_its_row_and_column_and_says_what_is_wrong() {
    for (column, cell, says) in [
        ("reference", "", "empty"),
        ("reference", "  ", "empty"),
        ("reference", "A\n1", "line break"),
        ("reference", &"x".repeat(101), "100 characters"),
        ("name", "", "empty"),
        ("name", &"x".repeat(257), "256 characters"),
        ("email", "", "empty"),
        ("email", "nobody", "no e-mail address"),
        ("email", "a@b@c", "no e-mail address"),
        ("method", "", "empty"),
        ("method", "visa", "no payment method"),
        ("method", "pm_", "no payment method"),
        ("method", "cus_1", "no payment method"),
        ("amount", "", "empty"),
        ("amount", "29.999", "3 decimals, and usd has 2"),
        ("amount", "29,99", "point before the decimals"),
        ("amount", "$29.99", "digits"),
        ("amount", "-1", "digits"),
        ("amount", "0", "at least"),
        ("amount", "1000000", "no more than"),
        ("currency", "", "empty"),
        ("currency", "dollars", "no currency"),
        ("recurrence", "", "empty"),
        ("recurrence", "monthly", "Invalid rule"),
        ("recurrence", "FREQ=MONTHLY;BYDAY=9FR", "Invalid rule"),
        ("recurrence", "FREQ=MONTHLY;BYDAY=5FR", "Invalid schedule"),
        ("recurrence", "FREQ=MONTHLY;UNTIL=20260101", "ends on 2026-01-01, before its start"),
        ("start", "", "empty"),
        ("start", "31.1.2027", "not a date"),
        ("start", "2027-02-30", "not a date"),
        ("start", "2300-01-01", "between 1970 and 2199"),
        ("timezone", "Mars/Olympus", "no time zone"),
        ("description", &"x".repeat(501), "500 characters"),
    ] {
        let found = faults(&format!("{HEADER}\n{}\n{}\n", GOOD.join(","), with(column, cell)));
        // The good row's reference stands in the second row as well, unless that is what was changed.
        let found: Vec<_> = found.iter().filter(|fault| !fault.message.starts_with("The same")).collect();
        let [fault] = found.as_slice() else { panic!("{column} {cell:?}: {found:?}") };
        assert_eq!((fault.row, fault.column.as_deref()), (3, Some(column)), "{cell:?}");
        assert!(fault.message.contains(says), "{column} {cell:?}: {}", fault.message);
        assert!(fault.message.ends_with('.'), "{column} {cell:?}: {}", fault.message);
    }
}

#[test]
fn a_fault_of_a_header_or_of_a_row_says_where_it_is() {
    let good = GOOD.join(",");
    let without = HEADER.replace("currency,", "");
    let unknown = HEADER.replace("timezone", "iban");
    let twice = HEADER.replace("description", "name");
    let semicolons = HEADER.replace(',', ";");
    for (text, row, column, says) in [
        (String::new(), 1, None, "empty"),
        (HEADER.to_owned(), 2, None, "no customers"),
        (format!("{without}\n{good}"), 1, Some("currency"), "missing"),
        (format!("{unknown}\n{good}"), 1, Some("iban"), "no such column"),
        (format!("{twice}\n{good}"), 1, Some("name"), "twice"),
        (format!("{semicolons}\n{good}"), 1, Some(semicolons.as_str()), "no such column"),
        (format!("{HEADER}\n{good},more"), 2, None, "11 cells, and the header has 10"),
        (format!("{HEADER}\n{good}\nA-2,Ada"), 3, None, "2 cells, and the header has 10"),
        (format!("{HEADER}\n{good}\n{good}"), 3, Some("reference"), "row 2"),
    ] {
        let found = faults(&text);
        let fault = &found[0];
        let column = column.map(crate::wire::error::quoted);
        assert_eq!((fault.row, fault.column.as_deref()), (row, column.as_deref()), "{text}");
        assert!(fault.message.contains(says), "{text}: {}", fault.message);
    }
}

#[test]
fn every_fault_is_told_in_the_order_of_the_file_up_to_a_bound() {
    let row = format!("{},nobody,visa,1,xyz,FREQ=NEVER,x,Nowhere,", "x,");
    let found = faults(&format!("{HEADER}\n{row}\n"));
    let columns: Vec<_> = found.iter().filter_map(|fault| fault.column.as_deref()).collect();
    assert_eq!(columns, ["name", "email", "method", "currency", "recurrence", "start", "timezone"]);
    let many = format!("{HEADER}\n{}", format!("{row}\n").repeat(FAULTS_MAX));
    assert_eq!(faults(&many).len(), FAULTS_MAX);
}

#[test]
fn a_file_with_too_many_rows_is_refused_whole() {
    use std::fmt::Write;
    let file = |rows: usize| {
        let mut text = HEADER.to_owned();
        for i in 0..rows {
            write!(text, "\n{}", with("reference", &i.to_string())).unwrap();
        }
        text
    };
    assert_eq!(read(&file(ROWS_MAX)).unwrap().len(), ROWS_MAX);
    let found = faults(&file(ROWS_MAX + 1));
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].row, u32::try_from(ROWS_MAX).unwrap() + 2);
}
