use onfile_account_data::{BankAccountNumber, Cvc, Pan};

fn show(pan: &Pan, cvc: &Cvc, number: &BankAccountNumber) -> [String; 3] {
    [format!("{pan}"), format!("{cvc}"), number.to_string()]
}

fn main() {}
