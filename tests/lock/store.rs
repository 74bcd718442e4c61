//! The stores of this crate.

use std::os::unix::fs::PermissionsExt;

use billpay_model::store::{CreateResult, ObjectStore};
use billpay_state::directory::DirectoryStore;

use crate::behaviour::behaves;
use crate::faulty::Memory;

fn run(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work);
}

#[test]
fn memory_is_a_store() {
    run(async { behaves(&Memory::default()).await });
}

#[test]
fn a_directory_is_a_store_of_its_user_alone() {
    let directory = billpay_host::temporary::directory("store").expect("a directory");
    let root = directory.path().join("state");
    run(async {
        let store = DirectoryStore::at(&root);
        behaves(&store).await;
        for key in ["../out", "a/../../out", "/out", "a//b", ".hidden", "a/.new-1", ""] {
            store.write(key, b"x").await.expect_err(key);
        }
        // What a crash left is no object.
        std::fs::write(root.join("a/.new-x1"), b"half").expect("a file");
        assert_eq!(store.list("a/").await.unwrap(), ["a/1", "a/1.beat", "a/b/3"]);
    });
    let mode = std::fs::metadata(&root).expect("the store").permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
    assert!(!directory.path().join("out").exists());
}

#[test]
fn of_many_that_create_one_object_one_does() {
    let directory = billpay_host::temporary::directory("store").expect("a directory");
    let root = directory.path().to_path_buf();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().expect("a runtime");
    runtime.block_on(async {
        for round in 0..50 {
            let creates = (0..8).map(|one: u8| {
                let store = DirectoryStore::at(&root);
                tokio::spawn(async move { store.create(&format!("lock/{round}"), &[one]).await })
            });
            let results = futures::future::join_all(creates).await;
            let created =
                results.into_iter().filter(|done| matches!(done, Ok(Ok(CreateResult::Created)))).count();
            assert_eq!(created, 1);
        }
    });
}
