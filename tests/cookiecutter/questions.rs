//! Questions of templates, and the answers that they take.

use billpay_scaffold::cookiecutter::{open, replay};
use billpay_scaffold::{Answers, ProjectTemplate, QuestionKind, TemplateError};
use serde_json::{Value, json};

use crate::corpus;

fn answers(value: Value) -> Answers {
    value.as_object().cloned().expect("answers")
}

#[test]
fn questions_come_one_after_the_other_with_defaults_from_the_answers() {
    let template = open(&corpus::template("service"), None, &corpus::PLAIN).expect("a template");
    let mut given = answers(json!({"name": "Card API"}));
    let mut asked = vec![];
    while let Some(question) = template.next_question(&given).expect("a question") {
        asked.push((question.name.clone(), question.default.clone()));
        given.insert(question.name, question.default.unwrap_or(Value::Null));
    }
    let names: Vec<&str> = asked.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        ["slug", "package", "owner", "license", "docker", "docs", "port", "ratio", "nothing", "services"]
    );
    assert_eq!(asked[0].1, Some(json!("card-api")));
    assert_eq!(asked[1].1, Some(json!("card_api")));
    assert_eq!(asked[6].1, Some(json!("8080")));
    let complete = template.complete(&given).expect("they are right");
    assert_eq!(template.complete(&complete).expect("they still are"), complete);
    assert_eq!(complete["services"]["card-api"], json!({}));
    assert!(!complete.contains_key("nothing"));
}

#[test]
fn choices_have_labels_and_questions_have_titles() {
    let template = open(&corpus::template("service"), None, &corpus::PLAIN).expect("a template");
    let all = template.all_questions().expect("questions");
    assert_eq!(all[0].title, "What is it called?");
    let license = all.iter().find(|question| question.name == "license").expect("a license");
    assert_eq!(license.title, "Which license?");
    let QuestionKind::Choice(choices) = &license.kind else { panic!("{:?}", license.kind) };
    assert_eq!(choices[0].title, "The MIT license");
    assert_eq!(choices[2].value, json!("Payment Service only"));
}

#[test]
fn wrong_answers_are_told_all_at_once() {
    let template = open(&corpus::template("service"), None, &corpus::PLAIN).expect("a template");
    let wrong = json!({"license": "GPL", "docker": "maybe", "services": "x", "nmae": "x", "port": [1]});
    let Err(TemplateError::Answers(faults)) = template.complete(&answers(wrong)) else { panic!("taken") };
    let told: Vec<String> = faults.iter().map(|fault| format!("{}: {}", fault.name, fault.why)).collect();
    assert_eq!(told.len(), 5, "{told:?}");
    assert!(told.iter().any(|told| told.contains("`GPL` is not one of MIT, Apache-2.0")), "{told:?}");
    let unknown = faults.iter().find(|fault| fault.name == "nmae").expect("it is unknown");
    assert_eq!(unknown.did_you_mean.as_deref(), Some("name"));
}

#[test]
fn one_of_several_templates_is_chosen_by_an_answer() {
    let template = open(&corpus::template("several"), None, &corpus::PLAIN).expect("a template");
    let first = template.next_question(&Answers::new()).expect("a question").expect("it is open");
    assert_eq!((first.name.as_str(), first.default), ("template", Some(json!("one"))));
    let complete =
        template.complete(&answers(json!({"template": "two", "size": "m"}))).expect("they are right");
    let rendering = template.render(&complete, &corpus::PLAIN, &mut |_| {}).expect("it is rendered");
    let file = rendering.project.files.values().next().expect("a file");
    assert_eq!(file.bytes, b"two m\n");
    assert!(template.complete(&answers(json!({"template": "three"}))).is_err());
    assert!(open(&corpus::template("several"), Some("inner/two"), &corpus::PLAIN).is_ok());
}

#[test]
fn a_replay_file_has_the_answers_of_then() {
    let text = r#"{"cookiecutter": {"name": "then", "_template": "x"}, "_cookiecutter": {"name": "demo"}}"#;
    assert_eq!(replay("then.json", text).expect("answers").answers, answers(json!({"name": "then"})));
    assert!(replay("then.json", "{}").is_err());
}
