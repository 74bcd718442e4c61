//! The behaviour that every store has.

use std::os::unix::fs::PermissionsExt;

use billpay_model::store::{Creation, Objects};
use billpay_state::directory::DirectoryStore;

use crate::faulty::Memory;

async fn behaves(store: &dyn Objects) {
    assert_eq!(store.list("a/").await.unwrap(), Vec::<String>::new(), "nothing is there");
    assert_eq!(store.read("a/1").await.unwrap(), None);
    assert_eq!(store.create("a/1", b"one").await.unwrap(), Creation::Created);
    assert_eq!(store.create("a/1", b"another").await.unwrap(), Creation::Exists);
    assert_eq!(store.read("a/1").await.unwrap().as_deref(), Some(b"one".as_slice()), "it stays as it was");
    store.write("a/1.beat", b"1").await.unwrap();
    store.write("a/1.beat", b"22").await.unwrap();
    assert_eq!(store.read("a/1.beat").await.unwrap().as_deref(), Some(b"22".as_slice()));
    store.create("a/b/3", b"three").await.unwrap();
    store.create("ab", b"").await.unwrap();
    assert_eq!(store.list("a/").await.unwrap(), ["a/1", "a/1.beat", "a/b/3"]);
    assert_eq!(store.list("a/1").await.unwrap(), ["a/1", "a/1.beat"]);
    assert_eq!(store.list("").await.unwrap(), ["a/1", "a/1.beat", "a/b/3", "ab"]);
    store.delete("a/1").await.unwrap();
    store.delete("a/1").await.unwrap();
    assert_eq!(store.read("a/1").await.unwrap(), None);
    assert_eq!(store.create("a/1", b"again").await.unwrap(), Creation::Created);
}

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
                results.into_iter().filter(|done| matches!(done, Ok(Ok(Creation::Created)))).count();
            assert_eq!(created, 1);
        }
    });
}
