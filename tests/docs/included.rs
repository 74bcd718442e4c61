//! Settings of other sites that `nav` takes in.

use std::fs;

use billpay_docs::include;
use billpay_model::findings::SourceFile;

use crate::config::made;
use crate::hostile::{project, refused};

fn included(text: &str) -> Result<String, String> {
    include::included(&SourceFile::new("sub/mkdocs.yml", text)).map_err(|findings| findings.render(false))
}

#[test]
fn what_is_taken_in_is_written_anew() {
    let text = "site_name: Sub\nINHERIT: base.txt\nhooks: [evil.py]\ndocs_dir: ./pages\nedit_uri: edit/main\n\
                nav: [index.md, { More: more.md }]\nplugins: [techdocs-core]\n";
    let made: serde_json::Value = serde_yaml::from_str(&included(text).unwrap()).unwrap();
    let expected = serde_json::json!({
        "site_name": "Sub", "docs_dir": "./pages", "edit_uri": "edit/main", "nav": ["index.md", {"More": "more.md"}],
    });
    assert_eq!(made, expected);
}

#[test]
fn what_is_taken_in_stays_where_it_is() {
    for text in [
        "site_name: ../../x",
        "site_name: a/../../x",
        "site_name: !ENV [NOTHING, ../../x]",
        "site_name: [a]",
        "docs_dir: /private/docs",
        "docs_dir: ../../docs",
        "docs_dir: !ENV [NOTHING, /private]",
        "docs_dir: ~",
        "site_name: !!python/name:os.system x",
        "theme: { x: !!python/object/apply:os.system [ls] }",
        "a: &a { site_name: x }\n<<: *a",
    ] {
        assert!(included(&format!("{text}\n")).is_err(), "{text}");
    }
    assert!(included("site_name: team/service\ndocs_dir: .\n").is_ok());
}

#[test]
fn files_outside_of_the_project_are_not_taken_in() {
    for path in ["/etc/x.yml", "../x.yml", "./a/../../x.yml", "a\\x.yml"] {
        for sign in ["!", "*"] {
            for nav in [
                format!("[{{ Sub: '{sign}include {path}' }}]"),
                format!("[{{ A: ['{sign}include {path}'] }}]"),
            ] {
                let text = format!("site_name: x\nnav: {nav}\n");
                assert!(made(&text).unwrap_err().contains("outside of the project"), "{text}");
            }
        }
    }
    let includes =
        made("site_name: x\nnav: [{ A: '!include ./a/mkdocs.yml' }, { B: '*include ./*/mkdocs.yml' }]\n");
    let includes = includes.unwrap().includes;
    assert!(includes.files == ["./a/mkdocs.yml"] && includes.by_pattern, "{includes:?}");
}

#[test]
fn no_writing_of_a_file_hides_python_in_it() {
    let tag = "site_name: !!python/name:os.system x\n";
    let utf16 =
        |text: &str| [vec![0xff, 0xfe], text.encode_utf16().flat_map(u16::to_le_bytes).collect()].concat();
    let cr = "%TAG !p! tag:yaml.org,2002:python/\r---\rsite_name: !p!name:os.system x\r";
    for include in ["!include ./sub/mkdocs.yml", "*include ./*/mkdocs.yml"] {
        for bytes in [utf16(tag), cr.into(), tag.into()] {
            let root = format!("site_name: x\nnav: [{{ Sub: '{include}' }}]\n");
            let project =
                project(&[("mkdocs.yml", &root), ("docs/index.md", "# x\n"), ("sub/docs/index.md", "# x\n")]);
            fs::write(project.path().join("sub/mkdocs.yml"), bytes).expect("a file");
            refused(&project, "site").says("sub/mkdocs.yml");
        }
    }
}
