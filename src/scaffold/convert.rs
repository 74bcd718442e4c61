//! Remembered answers to questions of which the template has changed the type.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::question::{answer, put_answer};
use super::{AnswerFault, Answers, Choice, Question, QuestionKind};

/// An answer that was taken over in the type that its question asks for now.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
pub struct Conversion {
    pub name: String,
    pub from: Value,
    pub to: Value,
}

/// Converts remembered answers to the types that their questions ask for, where the value can only mean
/// one thing: `"5"` is 5, and `"05"` may be anything.
pub fn convert(answers: &mut Answers, questions: &[Question]) -> Vec<Conversion> {
    let mut conversions = vec![];
    let names: BTreeSet<&str> = questions.iter().map(|question| question.name.as_str()).collect();
    for name in names {
        let Some(from) = answer(answers, name).cloned() else { continue };
        let kinds =
            || questions.iter().filter(|question| question.name == name).map(|question| &question.kind);
        if kinds().any(|kind| fits(kind, &from)) {
            continue;
        }
        let mut converted: Vec<Value> = kinds().filter_map(|kind| converted(kind, &from)).collect();
        converted.dedup();
        if let [to] = converted.as_slice() {
            conversions.push(Conversion { name: name.to_string(), from, to: to.clone() });
        }
    }
    for conversion in &conversions {
        put_answer(answers, &conversion.name, conversion.to.clone());
    }
    conversions
}

/// Returns the answers, still those that were remembered, of a type from which none is made that their
/// questions ask for. Cookiecutter would take `true` for the text `True`.
pub fn unconverted_answers(
    remembered: &Answers,
    answers: &Answers,
    questions: &[Question],
) -> Vec<AnswerFault> {
    let is_text = |question: &&Question| question.kind == QuestionKind::Text;
    let faults = questions.iter().filter(is_text).filter_map(|question| {
        let (before, now) = (answer(remembered, &question.name)?, answer(answers, &question.name)?);
        let asks_otherwise =
            questions.iter().any(|other| other.name == question.name && fits(&other.kind, now));
        let why = format!("the answer that is remembered, {before}, is no text, which is asked for now");
        (before == now && !asks_otherwise).then(|| AnswerFault {
            name: question.name.clone(),
            why,
            missing: false,
            did_you_mean: None,
        })
    });
    faults.collect()
}

fn fits(kind: &QuestionKind, value: &Value) -> bool {
    let is_one_of = |choices: &[Choice], value: &Value| choices.iter().any(|choice| choice.value == *value);
    match (kind, value) {
        // Left open, or anything at all.
        (_, Value::Null) | (QuestionKind::Data, _) => true,
        (QuestionKind::Text, value) => value.is_string(),
        (QuestionKind::Integer, value) => value.as_f64().is_some_and(|number| number.fract() == 0.0),
        (QuestionKind::Number, value) => value.is_number(),
        (QuestionKind::YesNo, value) => value.is_boolean(),
        (QuestionKind::Choice(choices), value) => is_one_of(choices, value),
        (QuestionKind::Several(choices), Value::Array(items)) => {
            items.iter().all(|it| is_one_of(choices, it))
        }
        (QuestionKind::Texts, Value::Array(items)) => items.iter().all(Value::is_string),
        (QuestionKind::Several(_) | QuestionKind::Texts, _) => false,
    }
}

fn converted(kind: &QuestionKind, value: &Value) -> Option<Value> {
    let all = |items: &[Value], kind: &QuestionKind| {
        let one = |item: &Value| if fits(kind, item) { Some(item.clone()) } else { converted(kind, item) };
        items.iter().map(one).collect::<Option<Vec<Value>>>().map(Value::Array)
    };
    match (kind, value) {
        (QuestionKind::Text, Value::Number(number)) if !number.is_f64() => Some(number.to_string().into()),
        (QuestionKind::Integer | QuestionKind::Number, Value::String(text)) => {
            let number: Value = serde_json::from_str(text).ok()?;
            let written = number.to_string();
            (fits(kind, &number) && written == *text).then_some(number)
        }
        (QuestionKind::YesNo, Value::String(text)) => match text.to_ascii_lowercase().as_str() {
            "true" | "yes" => Some(true.into()),
            "false" | "no" => Some(false.into()),
            _ => None,
        },
        (QuestionKind::Choice(choices), value) => {
            let text = scalar(value)?;
            let mut same = choices.iter().filter(|choice| scalar(&choice.value).as_ref() == Some(&text));
            same.next().filter(|_| same.next().is_none()).map(|choice| choice.value.clone())
        }
        (QuestionKind::Several(choices), Value::Array(items)) => {
            all(items, &QuestionKind::Choice(choices.clone()))
        }
        (QuestionKind::Texts, Value::Array(items)) => all(items, &QuestionKind::Text),
        _ => None,
    }
}

/// A number, a truth value or a text as it is written.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn question(name: &str, kind: QuestionKind) -> Question {
        Question {
            name: name.to_string(),
            title: String::new(),
            help: None,
            page: None,
            kind,
            default: None,
            required: true,
            secret: false,
            conditional: false,
            rules: vec![],
        }
    }

    fn choices(values: &[Value]) -> Vec<Choice> {
        values.iter().map(|value| Choice { value: value.clone(), title: String::new() }).collect()
    }

    #[test]
    fn what_can_only_mean_one_thing_is_converted_and_nothing_else() {
        use QuestionKind::{Choice, Integer, Number, Several, Text, Texts, YesNo};
        for (kind, from, to) in [
            (Integer, json!("5"), Some(json!(5))),
            (Integer, json!("-5"), Some(json!(-5))),
            (Integer, json!("05"), None),
            (Integer, json!(" 5"), None),
            (Integer, json!("5.5"), None),
            (Integer, json!("1e3"), None),
            (Integer, json!("true"), None),
            (Integer, json!(true), None),
            (Integer, json!([5]), None),
            (Number, json!("2.5"), Some(json!(2.5))),
            (Number, json!("2.50"), None),
            (Text, json!(5), Some(json!("5"))),
            (Text, json!(5.0), None),
            (Text, json!(true), None),
            (Text, json!(["a"]), None),
            (YesNo, json!("true"), Some(json!(true))),
            (YesNo, json!("No"), Some(json!(false))),
            (YesNo, json!("1"), None),
            (YesNo, json!(1), None),
            (Choice(choices(&[json!(1), json!(2)])), json!("2"), Some(json!(2))),
            (Choice(choices(&[json!("1"), json!("2")])), json!(2), Some(json!("2"))),
            (Choice(choices(&[json!("1"), json!("2")])), json!(3), None),
            (Choice(choices(&[json!(true), json!("no")])), json!("true"), Some(json!(true))),
            (Several(choices(&[json!(1), json!("a")])), json!(["1", "a"]), Some(json!([1, "a"]))),
            (Several(choices(&[json!(1), json!("a")])), json!("a"), None),
            (Texts, json!([1, "a"]), Some(json!(["1", "a"]))),
            (Texts, json!([1, true]), None),
        ] {
            let remembered = json!({"a": {"b": from}}).as_object().cloned().unwrap_or_default();
            let questions = [question("a.b", kind.clone())];
            let mut answers = remembered.clone();
            let conversions = convert(&mut answers, &questions);
            let expected = to.clone().unwrap_or_else(|| from.clone());
            assert_eq!(answers["a"]["b"], expected, "{kind:?} of {from}");
            assert_eq!(conversions.len(), usize::from(to.is_some()), "{kind:?} of {from}");
            let is_refused = to.is_none() && kind == Text;
            assert_eq!(
                unconverted_answers(&remembered, &answers, &questions).is_empty(),
                !is_refused,
                "{from}"
            );
        }
    }

    #[test]
    fn an_answer_that_one_of_several_questions_of_its_name_takes_stays() {
        let questions = [question("a", QuestionKind::Text), question("a", QuestionKind::Integer)];
        for value in [json!(5), json!("5"), Value::Null] {
            let mut answers = Answers::from_iter([("a".to_string(), value.clone())]);
            assert_eq!(convert(&mut answers, &questions), []);
            assert_eq!(answers["a"], value);
        }
    }

    #[test]
    fn a_new_answer_is_no_remembered_one() {
        let questions = [question("a", QuestionKind::Text)];
        let answers = |value: Value| Answers::from_iter([("a".to_string(), value)]);
        assert_eq!(unconverted_answers(&answers(json!(true)), &answers(json!("yes")), &questions), []);
        let faults = unconverted_answers(&answers(json!(true)), &answers(json!(true)), &questions);
        assert!(faults[0].why.contains("true, is no text"), "{faults:?}");
    }
}
