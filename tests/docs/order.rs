//! Order of writes, and files that are not written at all.

use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use billpay_docs::publish::{PublishError, publish};
use billpay_model::caller::CallerIdentity;
use billpay_model::failure::{Failure, FailureClass};
use billpay_model::site::{SiteFile, SiteStore, StoredFile};

const PREFIX: &str = "default/component/x/";

/// A bucket in memory that refuses to write after a number of changes.
#[derive(Default)]
struct Memory {
    objects: Mutex<BTreeMap<String, StoredFile>>,
    log: Mutex<Vec<String>>,
    most: Option<usize>,
}

impl Memory {
    fn change(&self, what: String) -> Result<(), Failure> {
        let mut log = self.log.lock().unwrap();
        if self.most.is_some_and(|most| log.len() >= most) {
            return Err(Failure::new(FailureClass::Ambiguous, "s3:PutObject", "the connection broke"));
        }
        log.push(what);
        Ok(())
    }
}

#[async_trait]
impl SiteStore for Memory {
    async fn identity(&self) -> Result<CallerIdentity, Failure> {
        Ok(CallerIdentity { account: "1".into(), arn: "me".into() })
    }

    async fn list(&self, prefix: &str) -> Result<BTreeMap<String, StoredFile>, Failure> {
        let objects = self.objects.lock().unwrap();
        let ours = objects.iter().filter(|(key, _)| key.starts_with(prefix));
        Ok(ours.map(|(key, stored)| (key.clone(), stored.clone())).collect())
    }

    async fn put(&self, key: &str, file: &SiteFile) -> Result<(), Failure> {
        self.change(format!("+{key}"))?;
        let stored = StoredFile { size: file.size, etag: file.etag.clone() };
        self.objects.lock().unwrap().insert(key.into(), stored);
        Ok(())
    }

    async fn delete(&self, keys: &[String]) -> Result<(), Failure> {
        for key in keys {
            self.change(format!("-{key}"))?;
            self.objects.lock().unwrap().remove(key);
        }
        Ok(())
    }
}

fn site(files: &[(&str, &str)]) -> Vec<SiteFile> {
    let file = |(path, etag): &(&str, &str)| SiteFile {
        path: path.to_string(),
        from: path.into(),
        size: 1,
        etag: etag.to_string(),
        content_type: None,
    };
    files.iter().map(file).collect()
}

const FIRST: &[(&str, &str)] = &[
    ("index.html", "1"),
    ("old/index.html", "1"),
    ("assets/a.css", "1"),
    ("search/search_index.json", "1"),
    ("techdocs_metadata.json", "1"),
];
const SECOND: &[(&str, &str)] = &[
    ("index.html", "2"),
    ("assets/a.css", "1"),
    ("assets/b.css", "2"),
    ("search/search_index.json", "2"),
    ("techdocs_metadata.json", "2"),
];

fn run(store: &Memory, files: &[(&str, &str)]) -> Result<(usize, usize), PublishError> {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let published = runtime.block_on(publish(store, &site(files), PREFIX, false, &|_| ()))?;
    Ok((published.uploaded.len(), published.unchanged))
}

#[test]
fn pages_come_after_what_they_are_made_of_and_stale_ones_go_last() {
    let store = Memory::default();
    assert_eq!(run(&store, FIRST).unwrap(), (5, 0));
    store.log.lock().unwrap().clear();
    assert_eq!(run(&store, SECOND).unwrap(), (4, 1));
    let log = store.log.lock().unwrap().join("\n").replace(PREFIX, "");
    let expected =
        "+assets/b.css\n+search/search_index.json\n+index.html\n+techdocs_metadata.json\n-old/index.html";
    assert_eq!(log, expected);
}

#[test]
fn wherever_a_run_breaks_off_the_next_one_finishes_it_and_the_site_can_be_read_between() {
    for most in 0..5 {
        let mut store = Memory::default();
        run(&store, FIRST).unwrap();
        store.log.lock().unwrap().clear();
        store
            .objects
            .lock()
            .unwrap()
            .insert("default/component/x-other/index.html".into(), StoredFile { size: 1, etag: "9".into() });
        store.most = Some(most);
        let error = run(&store, SECOND).unwrap_err();
        assert!(matches!(error, PublishError::Failed { .. }));
        for page in ["index.html", "techdocs_metadata.json", "assets/a.css"] {
            let there = store.objects.lock().unwrap().contains_key(&format!("{PREFIX}{page}"));
            assert!(there, "{page} is gone after {most} changes");
        }
        store.most = None;
        run(&store, SECOND).unwrap();
        let objects = store.objects.lock().unwrap();
        let mut keys: Vec<(String, String)> =
            objects.iter().map(|(key, stored)| (key.replace(PREFIX, ""), stored.etag.clone())).collect();
        let others = keys.iter().position(|(key, _)| key.starts_with("default/")).map(|at| keys.remove(at));
        assert_eq!(others.unwrap().1, "9", "what is of others stays");
        let mut wanted: Vec<(String, String)> =
            SECOND.iter().map(|(path, etag)| (path.to_string(), etag.to_string())).collect();
        wanted.sort();
        assert_eq!(keys, wanted);
    }
}

#[test]
fn what_is_no_site_replaces_none() {
    let store = Memory::default();
    run(&store, FIRST).unwrap();
    for files in [&[][..], &[("index.html", "1")], &[("techdocs_metadata.json", "1")]] {
        let error = run(&store, files).unwrap_err();
        assert!(error.to_string().starts_with("the site has no "), "{error}");
    }
    assert_eq!(store.objects.lock().unwrap().len(), 5);
}
