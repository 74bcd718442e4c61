//! Templates that mean harm: refused with a reason, and nothing comes of them.

use std::fmt::Write as _;

use billpay_scaffold::{Entry, TemplateFile};

use crate::{asking, folder, put, render, render_error};

fn fetch(input: &str) -> String {
    asking(&format!(
        "- action: fetch:template\n  input: {{ url: ./s, values: {{ name: '${{{{ parameters.name }}}}' }}{input} }}\n"
    ))
}

#[track_caller]
fn refused(files: &[(&str, &str)], name: &str, part: &str) {
    match render(&folder(files), name) {
        Ok(rendering) => panic!("it makes {:?}", rendering.project.files.keys()),
        Err(error) => {
            let told = render_error(&error);
            assert!(told.contains(part), "`{part}` is not in\n{told}");
        }
    }
}

#[test]
fn no_name_leads_out_of_the_project() {
    let template = fetch("");
    let file = "s/${{ values.name }}/x.txt";
    for name in ["../../x", "..", "/../../etc", "a/../../../b"] {
        let files = [("template.yaml", template.as_str()), (file, "x")];
        let part = if name.starts_with('/') { "" } else { "leads out of the project's folder" };
        if name.starts_with('/') {
            // Like the portal, which passes over a name that begins with a slash.
            let rendering = render(&folder(&files), name).expect("a project");
            assert!(rendering.project.files.is_empty());
        } else {
            refused(&files, name, part);
        }
    }
}

#[test]
fn no_name_leads_into_git_or_billpay_or_to_a_device() {
    let template = fetch("");
    for name in [".git", ".GIT", ".billpay", "nul", "a:b", "a\\\\b", "x.", "tab\\there"] {
        let name = name.replace("\\\\", "\\").replace("\\t", "\t");
        refused(
            &[("template.yaml", &template), ("s/${{ values.name }}/x.txt", "x")],
            &name,
            "which no project may have",
        );
    }
}

#[test]
fn no_input_leads_out_of_the_workspace_or_the_template() {
    for (step, part) in [
        ("fetch:template\n  input: { url: ./s, targetPath: ../x }", "leads out of the project"),
        ("fetch:template\n  input: { url: ./s, targetPath: /etc }", "leads out of the project"),
        ("fetch:template\n  input: { url: ../../etc }", "leads out of the template"),
        ("fetch:plain\n  input: { url: /etc/passwd }", "leads out of the template"),
        ("fetch:plain:file\n  input: { url: s/../../x, targetPath: y }", "leads out of the template"),
        ("fetch:plain:file\n  input: { url: s/x, targetPath: ../y }", "leads out of the project"),
        ("fetch:template:file\n  input: { url: s/x, targetPath: ../y }", "leads out of the project"),
        ("fs:delete\n  input: { files: ['../*'] }", "leads out of the project"),
        ("fs:rename\n  input: { files: [{ from: ../a, to: b }] }", "leads out of the project"),
        ("fs:readdir\n  input: { paths: [/] }", "leads out of the project"),
        ("catalog:write\n  input: { filePath: ../x, entity: { metadata: {} } }", "leads out of the project"),
    ] {
        let template = asking(&format!("- action: {step}\n"));
        refused(&[("template.yaml", &template), ("s/x", "x")], "shop", part);
    }
}

#[test]
fn links_and_devices_in_a_template_are_refused() {
    for entry in [Entry::Link("/etc/passwd".into()), Entry::Other] {
        for action in ["fetch:template", "fetch:plain"] {
            for url in ["./s", "./s/link", "./s/link/x"] {
                let template = asking(&format!("- action: {action}\n  input: {{ url: {url} }}\n"));
                let mut folder = folder(&[("template.yaml", &template), ("s/x", "x")]);
                put(&mut folder, "s/link", entry.clone());
                let error = render(&folder, "shop").expect_err("it is refused");
                assert!(
                    render_error(&error).contains("`service/s/link` is a symbolic link"),
                    "{}",
                    render_error(&error)
                );
            }
        }
    }
}

#[test]
fn two_names_for_one_place_are_refused() {
    let template = fetch("");
    refused(
        &[("template.yaml", &template), ("s/README.md", ""), ("s/readme.md", "")],
        "shop",
        "one file on Windows",
    );
    refused(&[("template.yaml", &template), ("s/A/x", ""), ("s/a/y", "")], "shop", "one file on Windows");
    refused(
        &[("template.yaml", &template), ("s/x", ""), ("s/${{ values.name }}", "")],
        "x",
        "would both be `x`",
    );
    refused(
        &[("template.yaml", &template), ("s/a", ""), ("s/${{ values.name }}/b", "")],
        "a",
        "would both be `a`",
    );
}

#[test]
fn an_endless_loop_and_an_endless_output_end() {
    let template = fetch("");
    let loops = "{% for a in range(100000) %}{% for b in range(100000) %}{% for c in range(100000) %}x{% endfor %}{% endfor %}{% endfor %}";
    refused(&[("template.yaml", &template), ("s/x", loops)], "shop", "service/s/x:1:");
}

#[test]
fn no_more_bytes_are_made_than_a_project_may_have() {
    let steps: String = (0..40).fold(String::new(), |mut steps, n| {
        let _ = write!(steps, "- action: fetch:plain\n  input: {{ url: ./s, targetPath: t{n} }}\n");
        steps
    });
    let mut folder = folder(&[("template.yaml", &asking(&steps))]);
    put(&mut folder, "s/big", Entry::File(TemplateFile { bytes: vec![b'x'; 32 << 20], executable: false }));
    let error = render(&folder, "shop").expect_err("it is refused");
    assert!(render_error(&error).contains("more than 1 GB"), "{}", render_error(&error));
}

#[test]
fn no_more_files_are_made_than_a_project_may_have() {
    let each: Vec<String> = (0..700).map(|n| n.to_string()).collect();
    let steps = format!(
        "- action: fetch:plain\n  each: [{}]\n  input: {{ url: ./s, targetPath: 't${{{{ each.value }}}}' }}\n",
        each.join(", ")
    );
    let mut folder = folder(&[("template.yaml", &asking(&steps))]);
    for n in 0..300 {
        put(&mut folder, &format!("s/{n}"), Entry::File(TemplateFile::default()));
    }
    let error = render(&folder, "shop").expect_err("it is refused");
    assert!(render_error(&error).contains("more than 200000 files"), "{}", render_error(&error));
}

#[test]
fn a_pattern_that_stands_for_millions_is_refused() {
    let many = "{1..9999}".repeat(3);
    let template = fetch(&format!(", copyWithoutTemplating: ['{many}']"));
    refused(&[("template.yaml", &template), ("s/x", "")], "shop", "stands for too many");
    let deep = format!("{}x{}", "{a,".repeat(1000), "}".repeat(1000));
    let template = fetch(&format!(", copyWithoutTemplating: ['{deep}', '{}']", "*(a|b)".repeat(500)));
    let _ = render(&folder(&[("template.yaml", &template), ("s/x", "")]), "shop");
}
