//! The behaviour of every store.

use billpay_model::store::{CreateResult, ObjectStore};

/// Holds an empty store to the behaviour that locks stand on.
pub async fn behaves(store: &dyn ObjectStore) {
    assert_eq!(store.list("a/").await.unwrap(), Vec::<String>::new(), "nothing is there");
    assert_eq!(store.read("a/1").await.unwrap(), None);
    assert_eq!(store.create("a/1", b"one").await.unwrap(), CreateResult::Created);
    assert_eq!(store.create("a/1", b"another").await.unwrap(), CreateResult::Exists);
    assert_eq!(store.read("a/1").await.unwrap().as_deref(), Some(b"one".as_slice()), "it stays as it was");
    store.write("a/1.beat", b"1").await.unwrap();
    store.write("a/1.beat", b"22").await.unwrap();
    assert_eq!(store.read("a/1.beat").await.unwrap().as_deref(), Some(b"22".as_slice()));
    store.create("a/b/3", b"three").await.unwrap();
    store.create("ab", b"").await.unwrap();
    assert_eq!(store.list("a/").await.unwrap(), ["a/1", "a/1.beat", "a/b/3"]);
    assert_eq!(store.list("a/1").await.unwrap(), ["a/1", "a/1.beat"]);
    store.delete("a/1").await.unwrap();
    store.delete("a/1").await.unwrap();
    assert_eq!(store.read("a/1").await.unwrap(), None);
    assert_eq!(store.create("a/1", b"again").await.unwrap(), CreateResult::Created);
}
