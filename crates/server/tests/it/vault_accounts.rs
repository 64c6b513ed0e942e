//! What the vault is told of accounts.

use onfile_server::vault_accounts::push_all;

use crate::support::{merchant, servers};

#[tokio::test]
async fn an_account_that_the_vault_refuses_keeps_no_other_account_from_it() {
    for server in servers().await {
        let later = merchant(&server.app, "Later", false).await;
        assert!(later.account.id > server.merchant.account.id);
        server.vault.lock().unwrap().refused_account = Some(server.merchant.account.id.clone());
        push_all(&server.app).await.unwrap();
        let told: Vec<_> =
            server.vault.lock().unwrap().accounts.iter().map(|put| put.account.clone()).collect();
        assert_eq!(told, [later.account.id]);
    }
}
