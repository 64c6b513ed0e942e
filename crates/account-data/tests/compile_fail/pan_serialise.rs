fn leak(pan: &onfile_account_data::Pan) -> String {
    serde_json::to_string(pan).unwrap_or_default()
}

fn main() {}
