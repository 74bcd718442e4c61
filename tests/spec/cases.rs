//! The goldens: a folder under `cases/` holds a spec, and what is said about it.
//!
//! `dev.yaml` goes over `shared.yaml` where the folder has one, over `base.yaml` elsewhere.

use std::fs;
use std::path::Path;

use billpay_model::findings::SourceFile;
use billpay_spec::{EntryFile, SECTIONS, Sources, load};
use snapbox::Data;

use super::{BASE, TODAY};

#[test]
fn every_case_reads_as_expected() {
    let root = billpay_testkit::project().join("tests/spec/cases");
    let mut cases: Vec<_> = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let expected = Data::read_from(&case.join("expected.txt"), None).raw();
            let name = case.file_name().unwrap().to_string_lossy().into_owned();
            let assert = snapbox::Assert::new().action_env("SNAPSHOTS");
            assert.try_eq(Some(&name), said_about(case).into(), expected).err().map(|error| error.to_string())
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The files in `services/` and `frontends/` of a case.
fn entries(case: &Path) -> Vec<EntryFile> {
    let mut entries = vec![];
    for section in SECTIONS {
        let Ok(files) = fs::read_dir(case.join(section)) else { continue };
        for file in files {
            let file = file.unwrap().path();
            let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
            let file = SourceFile::new(format!("{section}/{name}.yaml"), fs::read(&file).unwrap());
            entries.push(EntryFile { section, name, file });
        }
    }
    entries.sort_by(|a, b| a.file.name().cmp(b.file.name()));
    entries
}

fn said_about(case: &Path) -> String {
    let shared = fs::read(case.join("shared.yaml")).unwrap_or_else(|_| BASE.into());
    let sources = Sources {
        shared: Some(SourceFile::new("shared.yaml", shared)),
        entries: entries(case),
        environment: SourceFile::new("dev.yaml", fs::read(case.join("dev.yaml")).unwrap()),
    };
    match load(&sources, TODAY) {
        Ok(loaded) if loaded.warnings.is_empty() => "nothing is wrong\n".to_owned(),
        Ok(loaded) => format!("{}\n", loaded.warnings.render(false)),
        Err(findings) => format!("{}\n", findings.render(false)),
    }
}
