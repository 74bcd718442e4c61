//! Questions and messages.

use billpay_scaffold::form::Form;
use billpay_scaffold::question::{name_of, path_of, put_answer};
use billpay_scaffold::{AnswerFault, Answers, Question};
use serde_json::{Value, json};

fn form(pages: &str) -> Form {
    let pages: Value = serde_yaml::from_str(pages).expect("the pages are YAML");
    let pages = match pages {
        Value::Array(pages) => pages,
        page => vec![page],
    };
    Form::new(&pages).unwrap_or_else(|error| panic!("{error}"))
}

fn answers(value: Value) -> Answers {
    value.as_object().cloned().unwrap_or_default()
}

fn faults(form: &Form, given: Value) -> Vec<AnswerFault> {
    form.complete(&answers(given)).expect_err("the answers are wrong")
}

fn messages(form: &Form, given: Value) -> Vec<String> {
    let line = |fault: AnswerFault| {
        let meant = fault.did_you_mean.map(|meant| format!(" ({meant}?)")).unwrap_or_default();
        format!("{}: {}{meant}", fault.name, fault.why)
    };
    faults(form, given).into_iter().map(line).collect()
}

/// Returns the questions, one after the other, when each is answered with its default, or
/// with what `known` says, or left open.
fn asked(form: &Form, known: Value) -> Vec<Question> {
    let mut given = Answers::new();
    let mut questions = vec![];
    while let Some(question) = form.next_question(&given) {
        let own = known.get(&question.name).cloned();
        let answer = own.or_else(|| question.default.clone()).unwrap_or(Value::Null);
        assert!(questions.len() < 50, "asked for {} again and again", question.name);
        put_answer(&mut given, &question.name, answer);
        questions.push(question);
    }
    questions
}

fn names(questions: &[Question]) -> Vec<&str> {
    questions.iter().map(|question| question.name.as_str()).collect()
}

const SERVICE: &str = r"
- title: Service
  required: [name, owner]
  properties:
    name: { title: Name, type: string, pattern: '^[a-z]+$', errorMessage: { pattern: letters only } }
    owner: { type: string, ui:field: OwnerPicker }
    cloud: { type: string, enum: [aws, gcp], default: aws }
    tags: { type: array, items: { type: string }, ui:field: EntityTagsPicker }
  dependencies:
    cloud:
      oneOf:
        - { properties: { cloud: { enum: [aws] }, account: { type: string } }, required: [account] }
        - { properties: { cloud: { enum: [gcp] }, project: { type: string } } }
- title: Details
  properties:
    database: { type: object, required: [size], properties: { size: { type: integer, minimum: 1 }, name: { type: string } } }
    repoUrl: { type: string, ui:field: RepoUrlPicker, ui:options: { allowedHosts: [git.example] } }
    secret: { type: string, ui:widget: password }
    hidden: { type: string, default: here, ui:backstage: { featureFlag: new } }
";

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let given = json!({
        "name": "Pay", "cloud": "awz", "ownr": "me", "database": { "size": 0, "nam": "x" },
        "repoUrl": "other.example?owner=a", "tags": ["Big"],
    });
    let expected = [
        "ownr: is not asked for by this template (owner?)",
        "database.nam: is not asked for by this template (name?)",
        "owner: is needed",
        "name: must match ^[a-z]+$: letters only",
        "cloud: \"awz\" is not one of aws, gcp (aws?)",
        "database.size: must be at least 1",
        "repoUrl: other.example is not one of the hosts git.example",
        "tags: \"Big\" is no tag",
    ];
    let told = messages(&form(SERVICE), given);
    for expected in expected {
        assert!(
            told.iter().any(|told| told.starts_with(expected)),
            "{expected}\nis not in\n{}",
            told.join("\n")
        );
    }
    assert!(told.len() <= expected.len() + 1, "told more than once:\n{}", told.join("\n"));
}

#[test]
fn what_is_missing_is_marked_as_missing() {
    let faults = faults(&form(SERVICE), json!({ "name": "pay", "database": { "name": "d" } }));
    let missing: Vec<&str> =
        faults.iter().filter(|fault| fault.missing).map(|fault| fault.name.as_str()).collect();
    assert_eq!(missing, ["owner", "account", "database.size"]);
    assert_eq!(faults.len(), 3, "{faults:?}");
}

#[test]
fn right_answers_come_back_with_the_defaults_in_the_order_of_the_questions() {
    let given = json!({ "owner": "group:default/a", "account": "1", "name": "pay", "secret": null });
    let complete = form(SERVICE).complete(&answers(given)).expect("the answers are right");
    let expected = json!({
        "name": "pay", "owner": "group:default/a", "cloud": "aws", "account": "1", "tags": [],
    });
    assert_eq!(Value::Object(complete.clone()), expected);
    let first: Vec<&String> = complete.keys().take(3).collect();
    assert_eq!(first, ["name", "owner", "cloud"]);
}

#[test]
fn only_what_is_needed_is_asked_and_in_the_order_of_the_pages() {
    let form = form(SERVICE);
    let asked_for_aws = asked(&form, json!({ "name": "a", "owner": "b", "account": "c" }));
    let always = ["database.size", "database.name", "repoUrl", "secret"];
    assert_eq!(names(&asked_for_aws), [&["name", "owner", "cloud", "tags", "account"][..], &always].concat());
    let asked_for_gcp = asked(&form, json!({ "name": "a", "owner": "b", "cloud": "gcp" }));
    assert_eq!(names(&asked_for_gcp), [&["name", "owner", "cloud", "tags", "project"][..], &always].concat());
    let account = asked_for_aws.iter().find(|question| question.name == "account").expect("the account");
    assert!(account.conditional && account.required);
    assert_eq!(account.page.as_deref(), Some("Service"));
    assert!(asked_for_aws.iter().any(|question| question.name == "secret" && question.secret));
}

#[test]
fn everything_that_may_be_asked_can_be_shown() {
    let questions = form(SERVICE).all_questions();
    let expected = [
        "name",
        "owner",
        "cloud",
        "tags",
        "account",
        "project",
        "database.size",
        "database.name",
        "repoUrl",
        "secret",
    ];
    assert_eq!(names(&questions), expected);
}

#[test]
fn an_answer_left_open_is_asked_for_again_once_it_is_needed() {
    let form = form(SERVICE);
    let open = json!({ "name": "a", "owner": "b", "cloud": "aws", "tags": [], "account": "c", "database": { "size": null } });
    assert_eq!(
        form.next_question(&answers(open)).map(|question| question.name).as_deref(),
        Some("database.name")
    );
    let needed = json!({
        "name": "a", "owner": "b", "cloud": "aws", "tags": [], "account": "c",
        "database": { "size": null, "name": "d" },
    });
    let question = form.next_question(&answers(needed)).expect("the size is needed now");
    assert_eq!((question.name.as_str(), question.required), ("database.size", true));
}

#[test]
fn the_kind_of_storage_is_asked_for_by_the_titles_of_the_kinds() {
    let form = form(
        r"
properties:
  storage:
    type: object
    oneOf:
      - { title: A bucket, properties: { type: { const: bucket }, name: { type: string } } }
      - { title: A disk, properties: { type: { const: disk }, size: { type: integer } } }
",
    );
    let questions = asked(&form, json!({ "storage.type": "disk" }));
    assert_eq!(names(&questions), ["storage.type", "storage.size"]);
    let shown = serde_json::to_value(&questions[0]).expect("a question is JSON");
    let expected =
        json!([{ "value": "bucket", "title": "A bucket" }, { "value": "disk", "title": "A disk" }]);
    assert_eq!((&shown["type"], &shown["choices"]), (&json!("choice"), &expected));
}

#[test]
fn a_page_that_is_no_schema_is_refused_with_the_place() {
    for (page, expected) in [
        (json!(3), "/0: a page has to be an object"),
        (json!({ "properties": [] }), "/0/properties: has to be an object"),
        (json!({ "properties": { "a": 1 } }), "/0/properties/a: has to be an object"),
        (
            json!({ "properties": { "a/b": { "pattern": "(" } } }),
            "/0/properties/a~1b/pattern: `(` is not a regular",
        ),
        (json!({ "required": "a" }), "/0/required: has to be a list of names"),
        (
            json!({ "properties": { "a": { "$ref": "#/definitions/b" } } }),
            "/0/properties/a/$ref: there is no #/def",
        ),
        (
            json!({ "properties": { "a": { "$ref": "https://x.example" } } }),
            "/0/properties/a/$ref: `https://x.exam",
        ),
        (
            json!({ "properties": { "a": { "enum": "x" } } }),
            "/0/properties/a/enum: has to be a list of values",
        ),
        (json!({ "allOf": { "if": {} } }), "/0/allOf: has to be a list"),
    ] {
        let error = Form::new(&[page]).expect_err("it is no schema");
        assert!(error.starts_with(expected), "{error}\ninstead of\n{expected}");
    }
}

#[test]
fn schemas_that_lead_into_themselves_end() {
    let form = form(
        r"
definitions:
  tree:
    type: object
    properties: { name: { type: string }, left: { $ref: '#/definitions/tree' }, right: { $ref: '#/definitions/tree' } }
properties: { tree: { $ref: '#/definitions/tree' } }
",
    );
    assert!(form.all_questions().len() < 20);
    assert!(asked(&form, json!({})).len() < 20);
    let deep = json!({ "tree": { "left": { "left": { "left": { "right": { "name": "a" } } } } } });
    assert_eq!(form.complete(&answers(deep.clone())), Ok(answers(deep)));
}

#[test]
fn schemas_that_never_end_are_refused() {
    for schema in [
        json!({ "definitions": { "a": { "$ref": "#/definitions/b" }, "b": { "$ref": "#/definitions/a" } },
                "properties": { "x": { "$ref": "#/definitions/a" } } }),
        json!({ "definitions": { "a": { "allOf": [{ "$ref": "#/definitions/a" }] } },
                "properties": { "x": { "$ref": "#/definitions/a" } } }),
        json!({ "properties": { "x": {} }, "dependencies": { "x": { "$ref": "#" } } }),
    ] {
        // The top is where a reference to it leads.
        let error = Form::new(&[schema]).expect_err("it never ends");
        assert!(error.contains("leads back to itself"), "{error}");
    }
    let each = |_| {
        let all = (0..12).map(|at| (format!("p{at}"), json!({ "$ref": format!("#/definitions/d{at}") })));
        json!({ "type": "object", "properties": Value::Object(all.collect()) })
    };
    let all = (0..12).map(|at| (format!("d{at}"), each(at)));
    let page = json!({ "definitions": Value::Object(all.collect()), "properties": { "x": { "$ref": "#/definitions/d0" } } });
    let error = Form::new(&[page]).expect_err("nobody could fill that in");
    assert!(error.contains("more than anybody could fill in"), "{error}");
}

#[test]
fn a_name_with_a_dot_in_it_is_told_apart_from_a_name_in_an_object() {
    for path in [vec!["a.b".to_string()], vec!["a".to_string(), "b".to_string()], vec!["a\\.b".to_string()]] {
        assert_eq!(path_of(&name_of(&path)), path);
    }
    let form = form("properties: { a.b: { type: string } }");
    let question = form.next_question(&Answers::new()).expect("a question");
    let mut given = Answers::new();
    put_answer(&mut given, &question.name, "x".into());
    assert_eq!(Value::Object(given), json!({ "a.b": "x" }));
}
