fn leak(number: &onfile_account_data::BankAccountNumber) -> String {
    serde_json::to_string(number).unwrap_or_default()
}

fn main() {}
