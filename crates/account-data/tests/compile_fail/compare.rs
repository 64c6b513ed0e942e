use onfile_account_data::Pan;

// A comparison that is not in constant time, and an oracle: compare keyed hashes.
fn same(one: &Pan, other: &Pan) -> bool {
    one == other
}

fn main() {}
