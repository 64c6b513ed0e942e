use onfile_account_data::{BankAccountNumber, Cvc, Pan};

fn read(pan: &Pan, cvc: &Cvc, number: &BankAccountNumber) {
    let _: &str = pan;
    let _: &str = cvc;
    let _: &str = number;
}

fn main() {}
