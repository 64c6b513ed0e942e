use onfile_account_data::{BankAccountNumber, Cvc, Pan};

fn take(pan: Pan, cvc: Cvc, number: BankAccountNumber) -> [String; 3] {
    [pan.into(), String::from(cvc), number.into()]
}

fn main() {}
