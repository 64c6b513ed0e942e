fn leak(cvc: &onfile_account_data::Cvc) -> String {
    serde_json::to_string(cvc).unwrap_or_default()
}

fn main() {}
