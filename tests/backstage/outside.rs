//! Steps that act on the outside, many files, and what `show` tells.

use std::cell::RefCell;

use billpay_scaffold::backstage::open;
use billpay_scaffold::{Answers, Entry, ProjectTemplate, StepKind, TemplateFile};

use crate::{asking, folder, options, put, render, render_error, render_strictly};

#[test]
fn what_the_portal_would_do_is_told_in_a_line() {
    let steps = "\
- id: publish
  action: publish:github
  input: { repoUrl: 'github.com?owner=acme&repo=${{ parameters.name }}', token: '${{ secrets.TOKEN }}' }
- action: catalog:register
  input: { repoContentsUrl: '${{ steps.publish.output.repoContentsUrl }}' }
- action: publish:gitlab
  if: ${{ parameters.note }}
  input: { repoUrl: 'gitlab.com?owner=a&repo=b' }
- action: acme:ticket:open
  input: { title: x }
- action: fetch:plain
  input: { url: 'https://github.com/acme/vendor/tree/main/', targetPath: vendor }
";
    let rendering = render(&folder(&[("template.yaml", &asking(steps))]), "shop").expect("a project");
    let done: Vec<(StepKind, &str)> =
        rendering.steps.iter().map(|step| (step.kind, step.summary.as_str())).collect();
    assert_eq!(
        done,
        [
            (StepKind::Outside, "publish:github would make the repository github.com/acme/shop"),
            (StepKind::Outside, "catalog:register would register the new project in the catalog"),
            (StepKind::Skipped, "skipped, since `${{ parameters.note }}` doesn't hold"),
            (StepKind::Outside, "only the portal runs acme:ticket:open"),
            (
                StepKind::Outside,
                "fetch:plain would fetch https://github.com/acme/vendor/tree/main/ into vendor"
            ),
        ]
    );
}

#[test]
fn files_that_depend_on_what_is_fetched_elsewhere_are_refused_with_a_way_out() {
    let away = "- action: fetch:plain\n  input: { url: 'https://example.com/x', targetPath: vendor }\n";
    for step in [
        "fetch:plain\n  input: { url: ./s, targetPath: vendor/x }",
        "fetch:template:file\n  input: { url: ./s/x, targetPath: vendor }",
        "fs:rename\n  input: { files: [{ from: vendor/a, to: b }] }",
        "fs:delete\n  input: { files: ['**/*.txt'] }",
        "fs:readdir\n  input: { paths: ['.'] }",
    ] {
        let template = asking(&format!("{away}- action: {step}\n"));
        let error = render(&folder(&[("template.yaml", &template), ("s/x", "x")]), "shop")
            .expect_err("it is refused");
        assert!(
            render_error(&error).contains("put a copy into the template"),
            "{step}: {}",
            render_error(&error)
        );
    }
    let apart = asking(&format!("{away}- action: fetch:plain\n  input: {{ url: ./s, targetPath: own }}\n"));
    let rendering = render(&folder(&[("template.yaml", &apart), ("s/x", "x")]), "shop").expect("a project");
    assert_eq!(rendering.project.files.len(), 1);
}

#[test]
fn files_that_show_what_an_outside_step_gives_have_a_placeholder_and_a_warning() {
    let steps = "- id: look\n  action: catalog:fetch\n  input: { entityRef: 'component:default/x' }\n- action: fetch:template\n  input: { url: ./s, values: { owner: '${{ steps.look.output.entity.spec.owner }}' } }\n";
    let files = [("template.yaml", &*asking(steps)), ("s/x", "by ${{ values.owner }}")];
    let rendering = render(&folder(&files), "shop").expect("a project");
    assert_eq!(rendering.project.files[&"x".parse().expect("a path")].bytes, b"by <example>");
    let warned = rendering.warnings.render(false);
    assert!(warned.contains("`steps.look.output.entity.spec.owner` is what `look` gives"), "{warned}");
    assert!(warned.contains("ask for it as a parameter"), "{warned}");
    let error = render_strictly(&folder(&files), "shop").expect_err("it is refused");
    assert!(render_error(&error).contains("what `look` gives"), "{}", render_error(&error));
}

#[test]
fn steps_that_depend_on_what_a_custom_action_gives_are_left_out_and_told() {
    let steps = "\
- { id: ask, action: acme:ticket:open, input: { title: x } }
- { id: if, if: '${{ steps.ask.output.open }}', action: fetch:plain, input: { url: ./s, targetPath: a } }
- { id: each, each: '${{ steps.ask.output.all }}', action: fetch:plain, input: { url: ./s, targetPath: b } }
- { id: own, action: fetch:plain, input: { url: ./s, targetPath: c } }
";
    let files = [("template.yaml", &*asking(steps)), ("s/x", "x")];
    let rendering = render(&folder(&files), "shop").expect("a project");
    let kinds: Vec<StepKind> = rendering.steps.iter().map(|step| step.kind).collect();
    assert_eq!(kinds, [StepKind::Outside, StepKind::Skipped, StepKind::Outside, StepKind::Files]);
    assert_eq!(rendering.project.files.len(), 1);
    assert_eq!(rendering.warnings.problems.len(), 2, "{}", rendering.warnings.render(false));
}

#[test]
fn the_steps_are_told_before_anything_is_answered() {
    let steps = "- { id: get, name: Get it, action: fetch:template, input: { url: ./s } }\n- { action: publish:github, if: '${{ parameters.note }}', input: { repoUrl: x } }\n";
    let template = open(&folder(&[("template.yaml", &asking(steps))])).expect("a template");
    let told: Vec<String> = template.steps().into_iter().map(|step| step.summary).collect();
    assert_eq!(told, ["fetch:template ./s", "publish:github x, if ${{ parameters.note }}"]);
    assert_eq!(template.about().name, "service");
    let asked: Vec<String> =
        template.all_questions().expect("questions").into_iter().map(|question| question.name).collect();
    assert_eq!(asked, ["name", "note"]);
}

#[test]
fn ten_thousand_files_are_made_and_counted() {
    let steps =
        "- action: fetch:template\n  input: { url: ./s, values: { name: '${{ parameters.name }}' } }\n";
    let mut folder = folder(&[("template.yaml", &asking(steps))]);
    for n in 0..10_000 {
        let text = format!("file {n} of ${{{{ values.name }}}}\n");
        let file = TemplateFile { bytes: text.into_bytes(), executable: n % 2 == 0 };
        put(&mut folder, &format!("s/d{}/${{{{ values.name }}}}-{n}.txt", n % 100), Entry::File(file));
    }
    let template = open(&folder).expect("a template");
    let mut answers = Answers::new();
    answers.insert("name".into(), "shop".into());
    let told = RefCell::new(vec![]);
    let rendering =
        template.render(&answers, &options(), &mut |done| told.borrow_mut().push(done)).expect("a project");
    assert_eq!(rendering.project.files.len(), 10_000);
    assert_eq!(told.borrow().last(), Some(&10_000));
    assert!(told.borrow().is_sorted() && told.borrow().len() > 50, "it is told how far it is");
    let file = &rendering.project.files[&"d7/shop-107.txt".parse().expect("a path")];
    assert_eq!(file.bytes, b"file 107 of shop\n");
}
