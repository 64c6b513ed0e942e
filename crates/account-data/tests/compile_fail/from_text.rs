use onfile_account_data::{BankAccountNumber, Cvc, Pan};

fn make(text: String) -> (Pan, Cvc, BankAccountNumber) {
    (Pan::from(text.clone()), text.clone().into(), BankAccountNumber(text.into()))
}

fn main() {}
