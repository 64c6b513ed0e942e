//! What the walled types must not be able to do.

#[test]
fn account_data_cannot_be_copied_shown_serialised_or_taken_out() {
    trybuild::TestCases::new().compile_fail("tests/compile_fail/*.rs");
}
