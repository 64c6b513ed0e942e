use onfile_account_data::{BankAccountNumber, Cvc, Pan};

fn pan(value: &Pan) -> Pan {
    value.clone()
}

fn cvc(value: &Cvc) -> Cvc {
    value.clone()
}

fn bank_account(value: &BankAccountNumber) -> BankAccountNumber {
    value.clone()
}

fn main() {}
