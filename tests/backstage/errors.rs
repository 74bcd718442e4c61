//! Errors of a template, at their places in it.

use billpay_scaffold::backstage::open;
use billpay_scaffold::{Answers, ProjectTemplate};

use crate::{asking, folder, options, render, render_error, render_strictly};

/// Returns the message about a template with these steps.
fn wrong(steps: &str) -> String {
    match render_strictly(&folder(&[("template.yaml", &asking(steps))]), "shop") {
        Ok(_) => "nothing".to_string(),
        Err(error) => render_error(&error),
    }
}

/// Returns the message of rendering a template with these steps and one file.
fn fails(steps: &str, path: &str, text: &str) -> String {
    match render_strictly(&folder(&[("template.yaml", &asking(steps)), (path, text)]), "shop") {
        Ok(rendering) => format!("{:?}", rendering.project.files.keys()),
        Err(error) => render_error(&error),
    }
}

#[track_caller]
fn says(told: &str, parts: &[&str]) {
    for part in parts {
        assert!(told.contains(part), "`{part}` is not in\n{told}");
    }
}

const FETCH: &str = "- action: fetch:template\n  input:\n    url: ./skeleton\n    values: { name: '${{ parameters.name }}', note: '${{ parameters.note }}' }\n";

#[test]
fn a_parameter_that_no_page_asks_for_is_an_error_at_its_place() {
    let told = wrong("- action: debug:log\n  input:\n    message: Hello ${{ parameters.nmae }}\n");
    says(
        &told,
        &[
            "service/template.yaml:15:28",
            "`parameters.nmae` is asked for on no page",
            "did you mean `parameters.name`?",
        ],
    );
}

#[test]
fn a_step_that_is_not_there_and_one_that_comes_later_are_errors() {
    let step = "- id: publish\n  action: publish:github\n  input: { repoUrl: x }\n";
    let told = wrong(&format!(
        "{step}- action: debug:log\n  input: {{ message: '${{{{ steps.pubish.output.x }}}}' }}\n"
    ));
    says(&told, &["there is no step `pubish`", "did you mean `steps.publish`?", "template.yaml:17:30"]);
    let told = wrong(&format!(
        "- action: debug:log\n  input: {{ message: \"${{{{ steps['publish'].output.x }}}}\" }}\n{step}"
    ));
    says(&told, &["the step `publish` has not run yet"]);
}

#[test]
fn unknown_keys_are_told_with_what_was_meant() {
    let told = wrong(
        "- action: fetch:plain\n  inputs: { url: x }\n  input: { url: ./x, targetpath: y, tokn: z }\n  iff: x\n",
    );
    says(&told, &["a step has no `inputs`", "did you mean `input`?", "`fetch:plain` takes no `targetpath`"]);
    says(
        &told,
        &["did you mean `targetPath`?", "did you mean `token`?", "a step has no `iff`", "did you mean `if`?"],
    );
    let told = wrong("- action: fetch:tempalte\n  input: { url: x }\n");
    says(
        &told,
        &["there is no action `fetch:tempalte`", "did you mean `fetch:template`?", "template.yaml:13:15"],
    );
}

#[test]
fn everything_wrong_with_the_head_of_a_template_is_told_at_once() {
    let text = "apiVersion: scaffolder.backstage.io/v1beta2\nkind: Tempalte\nmetadata: { name: 'no name' }\nspecs: {}\nspec:\n  owner: ''\n  steps:\n    - id: a\n      action: debug:log\n    - id: a\n      if: 3\n    - text\n  output: { links: x }\n";
    let Err(error) = open(&folder(&[("template.yaml", text)])) else { panic!("it is read") };
    says(
        &render_error(&error),
        &["`apiVersion` is `scaffolder.backstage.io/v1beta2`", "`kind` is `Tempalte`", "`name` is no name"],
    );
    says(
        &render_error(&error),
        &[
            "a template has no `specs`",
            "did you mean `spec`?",
            "`spec` needs `type`",
            "a step needs `action`",
        ],
    );
    says(&render_error(&error), &["`owner` has to be a text", "a step is a mapping", "`links` is a list"]);
}

#[test]
fn two_steps_with_one_id_are_told_with_both_places() {
    let told = wrong("- { id: a, action: debug:log }\n- { id: a, action: debug:log }\n");
    says(&told, &["two steps have the id `a`", "first here", "template.yaml:14:13"]);
}

#[test]
fn yaml_that_can_not_be_read_is_an_error_at_its_place() {
    for (text, part) in [
        ("a: [", "not valid YAML"),
        ("a: 1\na: 2\n", "`a` is there twice"),
        ("a: &x 1\n<<: { b: 2 }\n", "no merge keys"),
        ("", "empty"),
        ("- x\n", "a template is a mapping"),
        (
            "kind: Template\napiVersion: scaffolder.backstage.io/v1beta3\nmetadata: 3\nspec: 4\n",
            "`spec` is a mapping",
        ),
    ] {
        let Err(error) = open(&folder(&[("template.yaml", text)])) else { panic!("{text} is read") };
        says(&render_error(&error), &[part]);
    }
    let bomb: String = (1..40).map(|n| format!("a{n}: &a{n} [*a{0}, *a{0}, *a{0}]\n", n - 1)).collect();
    let Err(error) = open(&folder(&[("template.yaml", &format!("a0: &a0 [x, x, x]\n{bomb}"))])) else {
        panic!("a bomb")
    };
    says(&render_error(&error), &["unfolds into more than"]);
    let deep = format!("a: {}{}", "[".repeat(5000), "]".repeat(5000));
    assert!(open(&folder(&[("template.yaml", &deep)])).is_err());
}

#[test]
fn an_undefined_name_in_a_file_is_told_at_its_line_and_column() {
    let told = fails(FETCH, "skeleton/README.md", "# Title\n\nby ${{ values.nmae }}\n");
    says(
        &told,
        &[
            "service/skeleton/README.md:3:",
            "values.nmae",
            "did you mean `values.name`?",
            "by ${{ values.nmae }}",
        ],
    );
}

#[test]
fn an_undefined_name_in_a_name_is_told_with_the_name() {
    let told = fails(FETCH, "skeleton/${{ values.nmae }}.md", "x\n");
    says(&told, &["values.nmae", "did you mean `values.name`?", "this is the name of a file"]);
}

#[test]
fn an_unknown_filter_is_told_at_its_place_in_the_template() {
    let told = fails(
        "- action: debug:log\n  input:\n    message: >-\n      Hello\n      ${{ parameters.name | uper }}\n",
        "x",
        "",
    );
    says(&told, &["service/template.yaml:17:", "uper", "did you mean `upper`?"]);
}

#[test]
fn an_answer_that_was_left_empty_is_nothing_where_it_is_alone_and_an_error_in_a_text() {
    let steps = "- action: fetch:template\n  if: ${{ parameters.note }}\n  input: { url: ./skeleton }\n";
    assert_eq!(fails(steps, "skeleton/x", "x"), "[]");
    let told = fails("- action: debug:log\n  input: { message: 'a ${{ parameters.note }}' }\n", "x", "");
    says(&told, &["parameters.note", "template.yaml:14:32"]);
}

#[test]
fn what_an_input_gives_is_checked_when_it_is_rendered() {
    let told = fails(
        "- action: fetch:template\n  input:\n    url: ./skeleton\n    replace: ${{ parameters.name }}\n",
        "skeleton/x",
        "x",
    );
    says(&told, &["`replace` has to be true or false, and this gives \"shop\"", "template.yaml:16:18"]);
}

#[test]
fn a_step_that_can_not_be_done_is_told_at_the_step() {
    let told = fails("- id: get\n  action: fetch:plain\n  input: { url: ./skelton }\n", "skeleton/x", "x");
    says(&told, &["the template has no `skelton`", "in the step `get`", "template.yaml:14:15"]);
}

#[test]
fn what_only_the_portal_knows_is_an_error_that_says_so() {
    let told =
        fails("- action: debug:log\n  input: { message: '${{ user.entity.metadata.name }}' }\n", "x", "");
    says(&told, &["known in the portal only", "ask for it as a parameter"]);
    let told = fails("- action: debug:log\n  input: { message: '${{ context.task.id }}' }\n", "x", "");
    says(&told, &["`context.task.id` is another one each time", "--seed"]);
}

#[test]
fn what_is_undefined_is_a_warning_at_its_place_unless_it_is_to_be_strict() {
    let steps = "- action: fetch:template\n  input: { url: ./s, values: { a: '${{ parameters.nmae }}', b: 'x ${{ user.ref }}' } }\n";
    let files = [
        ("template.yaml", asking(steps)),
        ("s/a.txt", "<${{ values.a }}${{ values.c }}>".to_string()),
        ("s/${{ values.d }}.txt", "${{ github.sha }}".to_string()),
    ];
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (*path, text.as_str())).collect();
    let rendering = render(&folder(&files), "shop").expect("a project");
    let texts: Vec<(String, Vec<u8>)> =
        rendering.project.files.iter().map(|(path, file)| (path.to_string(), file.bytes.clone())).collect();
    assert_eq!(texts, [(".txt".to_string(), b"".to_vec()), ("a.txt".to_string(), b"<>".to_vec())]);
    let told = rendering.warnings.render(false);
    for part in [
        "warning[undefined]: `parameters.nmae` is asked for on no page",
        "service/template.yaml:14:44",
        "did you mean `parameters.name`?",
        "warning[undefined]: `user.ref` is not defined",
        "ask for it as a parameter",
        "service/s/a.txt:1:6",
        "service/s/a.txt:1:21",
        "this is the name of a file",
        "s/${{ values.d }}.txt (its name):1:5",
        "`github` is not defined",
        "{% raw %}",
    ] {
        assert!(told.contains(part), "`{part}` is not in\n{told}");
    }
    assert_eq!(rendering.warnings.problems.len(), 6, "{told}");
    assert!(render_strictly(&folder(&files), "shop").is_err());
}

#[test]
fn a_seed_gives_the_same_task_each_time() {
    let steps = "- action: fetch:template\n  input: { url: ./s, values: { id: '${{ context.task.id }}' } }\n";
    let template = open(&folder(&[("template.yaml", &asking(steps)), ("s/id", "${{ values.id }}")]))
        .expect("a template");
    let answers: Answers = serde_json::from_str(r#"{"name": "shop"}"#).expect("answers");
    let once = || {
        let options = billpay_scaffold::RenderOptions { seed: Some(7), ..options() };
        template.render(&answers, &options, &mut |_| ()).expect("a project")
    };
    assert_eq!(once().project, once().project);
}
