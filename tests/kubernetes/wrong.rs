//! Messages about values that are wrong: `wrong/<case>.yaml`, and `<case>.txt` beside it.

use snapbox::Data;
use snapbox::data::DataFormat;

use crate::{environment, here, read};

#[test]
fn every_mistake_is_told_at_its_place() {
    let env = environment("dev");
    let mut cases: Vec<_> = std::fs::read_dir(here("wrong"))
        .expect("the cases")
        .map(|entry| entry.expect("a case").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "yaml"))
        .collect();
    cases.sort();
    let wrong: Vec<String> = cases
        .iter()
        .filter_map(|case| {
            let name = case.file_stem().expect("a name").to_string_lossy().into_owned();
            let said = match read("values.yaml", std::fs::read(case).expect("a case"), &env) {
                Ok(_) => "nothing is wrong\n".to_owned(),
                Err(findings) => format!("{}\n", findings.render(false)),
            };
            let expected = Data::read_from(&case.with_extension("txt"), Some(DataFormat::Text)).raw();
            let assert = snapbox::Assert::new().action_env("SNAPSHOTS");
            assert.try_eq(Some(&name), said.into(), expected).err().map(|error| error.to_string())
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_file_that_is_no_text_is_refused() {
    let env = environment("dev");
    for bytes in [b"\xff\xfes\0".to_vec(), b"service: \xe4".to_vec(), vec![b'#'; 300 * 1024]] {
        assert!(read("values.yaml", bytes, &env).is_err());
    }
}
