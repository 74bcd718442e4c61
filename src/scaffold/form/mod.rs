//! The parameters of a Backstage template, pages of JSON Schema, as questions.
//!
//! Follows the portal: its form fills in defaults and evaluates conditions (`defaults`, `resolve`, `options`, `merge`), then
//! its backend validates the values against each page (`check`, `formats`).

mod check;
mod defaults;
mod formats;
mod json;
mod merge;
mod messages;
mod options;
mod pattern;
mod portal_fields;
mod questions;
mod resolve;
mod schema_check;

use billpay_model::findings::nearest;
use check::{Checker, Violation};
use json::Object;
use questions::{FormQuestion, QuestionCollector};
use serde_json::Value;

use super::question::{answer, name_of, path_of, put_answer};
use super::{AnswerFault, Answers, Question};

/// The questions of a template.
#[derive(Debug, Clone)]
pub struct Form {
    pages: Vec<Page>,
}

#[derive(Debug, Clone)]
struct Page {
    title: Option<String>,
    /// Schema that the backend validates against.
    whole: Value,
    /// Schema that people see; none behind a feature flag.
    shown: Option<Value>,
}

impl Form {
    /// Reads pages of JSON Schema.
    ///
    /// # Errors
    /// Fails with a JSON pointer and a message if a page is no valid schema.
    pub fn new(pages: &[Value]) -> Result<Form, String> {
        let mut read = vec![];
        for (at, page) in pages.iter().enumerate() {
            schema_check::check_page(page, at)?;
            read.push(Page::new(page));
        }
        Ok(Form { pages: read })
    }

    /// Returns the next open question, in the order of the pages.
    ///
    /// Null answers an optional question. The default is the value that the portal would have filled in by now.
    pub fn next_question(&self, answers: &Answers) -> Option<Question> {
        let state = &mut json::normal(&json::without_nulls(&Value::Object(answers.clone())));
        for page in &self.pages {
            let Some(shown) = &page.shown else { continue };
            *state = complete_page(shown, state);
            let open = |asked: &FormQuestion| match answer(answers, &asked.question.name) {
                None => true,
                // It became required after it was left out.
                Some(Value::Null) => asked.question.required && asked.question.default.is_none(),
                Some(_) => false,
            };
            if let Some(asked) =
                QuestionCollector::visible(shown, page.title.as_deref(), state).into_iter().find(open)
            {
                return Some(asked.question);
            }
        }
        None
    }

    /// Returns all questions of all branches.
    pub fn all_questions(&self) -> Vec<Question> {
        let mut questions: Vec<Question> = vec![];
        for page in &self.pages {
            let Some(shown) = &page.shown else { continue };
            for asked in QuestionCollector::possible(shown, page.title.as_deref()) {
                match questions.iter_mut().find(|known| known.name == asked.question.name) {
                    Some(known) => known.secret |= asked.question.secret,
                    None => questions.push(asked.question),
                }
            }
        }
        questions
    }

    /// Returns the questions with secret answers, hidden ones included.
    pub fn secrets(&self) -> Vec<Question> {
        let asked = self.pages.iter().flat_map(|page| QuestionCollector::all(&page.whole));
        asked.map(|asked| asked.question).filter(|question| question.secret).collect()
    }

    /// Splits answers into parameters, with secrets masked by as many `*`, and secrets by their fields' names, as the portal
    /// does before steps see them.
    pub fn without_secret_fields(&self, answers: &Answers) -> (Answers, Answers) {
        let (mut answers, mut secrets) = (answers.clone(), Answers::new());
        for FormQuestion { path, question, .. } in
            self.pages.iter().flat_map(|page| QuestionCollector::secret_fields(&page.whole))
        {
            let Some(Value::String(text)) = answer(&answers, &question.name) else { continue };
            let (masked, text) = ("*".repeat(text.encode_utf16().count()), text.clone());
            put_answer(&mut answers, &question.name, masked.into());
            secrets.extend(path.last().map(|name| (name.clone(), text.into())));
        }
        (answers, secrets)
    }

    /// Returns the answers with all values that the portal's form adds.
    ///
    /// # Errors
    /// Fails with all faults that the portal's backend finds; unlike there, an unknown name is a fault, too.
    pub fn complete(&self, answers: &Answers) -> Result<Answers, Vec<AnswerFault>> {
        let mut faults = self.unknown(&json::without_nulls(&Value::Object(answers.clone())));
        let state = Value::Object(self.filled(answers));
        for page in &self.pages {
            let mut violation = Checker::of_backend(&page.whole).violations(&page.whole, Some(&state));
            if let Some(shown) = &page.shown {
                violation.extend(field_violations(shown, &state));
            }
            for violation in violation {
                let fault = answer_fault(violation);
                if !faults.iter().any(|known| known.name == fault.name && known.why == fault.why) {
                    faults.push(fault);
                }
            }
        }
        match state {
            Value::Object(answers) if faults.is_empty() => Ok(self.sort_answers(answers)),
            _ => Err(faults),
        }
    }

    /// Sorts the answers by the order of the questions.
    fn sort_answers(&self, mut answers: Answers) -> Answers {
        let mut ordered = Answers::new();
        for question in self.all_questions() {
            let first = path_of(&question.name).into_iter().next().unwrap_or_default();
            if let Some(answer) = answers.shift_remove(&first) {
                ordered.insert(first, answer);
            }
        }
        ordered.extend(answers);
        ordered
    }

    /// Returns the answers with all values that the portal's form adds, unchecked.
    pub fn filled(&self, answers: &Answers) -> Answers {
        let mut state = json::normal(&json::without_nulls(&Value::Object(answers.clone())));
        for shown in self.pages.iter().filter_map(|page| page.shown.as_ref()) {
            state = complete_page(shown, &state);
        }
        match state {
            Value::Object(filled) => filled,
            _ => Answers::new(),
        }
    }

    /// Returns a fault for each unknown name.
    fn unknown(&self, given: &Value) -> Vec<AnswerFault> {
        let mut known = KnownNames::default();
        for page in &self.pages {
            known.add(&page.whole, &page.whole, &mut vec![], 0);
        }
        let mut faults = vec![];
        known.unknown(given, &mut vec![], &mut faults);
        faults
    }
}

impl Page {
    fn new(page: &Value) -> Page {
        let title = page.get("title").and_then(Value::as_str).map(str::to_string);
        let mut shown = page.as_object().cloned().unwrap_or_default();
        shown.shift_remove("title");
        if let Some(Value::Object(properties)) = shown.get_mut("properties") {
            properties.retain(|_, property| !is_behind_flag(property));
        }
        let shown = (!is_behind_flag(page)).then_some(Value::Object(shown));
        Page { title, whole: page.clone(), shown }
    }
}

/// Feature flags are switched on in the portal, by each of its users; here all are off.
fn is_behind_flag(schema: &Value) -> bool {
    let flag = schema.get("ui:backstage").and_then(|settings| settings.get("featureFlag"));
    json::truthy(flag.or_else(|| schema.get("backstage:featureFlag")))
}

/// Fills in the form's values but keeps all given ones; the form would silently drop those that can't be chosen.
fn complete_page(page: &Value, data: &Value) -> Value {
    keep_given(defaults::fill(page, data), data)
}

fn keep_given(filled: Value, given: &Value) -> Value {
    match (filled, given) {
        (Value::Object(mut filled), Value::Object(given)) => {
            for (key, value) in given {
                let kept = match filled.get_mut(key) {
                    Some(filled) => keep_given(filled.take(), value),
                    None => value.clone(),
                };
                filled.insert(key.clone(), kept);
            }
            filled.into()
        }
        (Value::Array(filled), Value::Array(given)) => {
            let mut kept: Vec<Value> =
                filled.iter().zip(given).map(|(filled, given)| keep_given(filled.clone(), given)).collect();
            kept.extend(filled.iter().skip(given.len()).cloned());
            kept.extend(given.iter().skip(filled.len()).cloned());
            kept.into()
        }
        (_, given) => given.clone(),
    }
}

/// Returns the violations that the portal's own fields find.
fn field_violations(page: &Value, state: &Value) -> Vec<Violation> {
    let asked = QuestionCollector::visible(page, None, state).into_iter();
    let violation = asked.filter_map(|asked| {
        let field = questions::ui(&asked.schema, "field")?.as_str()?;
        let value = asked.path.iter().try_fold(state, |value, key| value.get(key))?;
        let why = portal_fields::check(field, &asked.schema, value)?;
        Some(Violation::by_field(asked.path, why))
    });
    violation.collect()
}

fn answer_fault(violation: Violation) -> AnswerFault {
    AnswerFault {
        name: name_of(&violation.path),
        why: violation.why,
        missing: violation.missing,
        did_you_mean: violation.meant,
    }
}

/// The names that answers may have, in all branches of all pages.
#[derive(Default)]
struct KnownNames {
    below: std::collections::BTreeMap<String, KnownNames>,
    /// True if any other name is allowed, too.
    open: bool,
}

impl KnownNames {
    fn add(&mut self, root: &Value, schema: &Value, above: &mut Vec<String>, deep: usize) {
        let reference = schema.get("$ref").and_then(Value::as_str);
        if deep > resolve::MAX_DEPTH || reference.is_some_and(|name| above.iter().any(|known| known == name))
        {
            self.open = true;
            return;
        }
        let length = above.len();
        above.extend(reference.map(str::to_string));
        let schema = resolve::Root(root).top(schema);
        let additional =
            schema.get("additionalProperties").filter(|additional| json::truthy(Some(additional)));
        let free = additional.is_some() || schema.contains_key("patternProperties");
        self.open |= free || (deep > 0 && !describes(&schema));
        for (name, property) in schema.get("properties").and_then(Value::as_object).into_iter().flatten() {
            self.below.entry(name.clone()).or_default().add(root, property, above, deep + 1);
        }
        for key in ["allOf", "anyOf", "oneOf", "then", "else", "if", "dependencies"] {
            let branches: Vec<&Value> = match schema.get(key) {
                Some(Value::Array(list)) => list.iter().collect(),
                Some(Value::Object(named)) if key == "dependencies" => named.values().collect(),
                Some(one) => vec![one],
                None => vec![],
            };
            for branch in branches {
                let mut names = KnownNames::default();
                names.add(root, branch, above, deep + 1);
                self.open |= names.open && describes(branch.as_object().unwrap_or(&Object::new()));
                self.merge(names);
            }
        }
        above.truncate(length);
    }

    fn merge(&mut self, other: KnownNames) {
        for (name, names) in other.below {
            let known = self.below.entry(name).or_default();
            known.open |= names.open;
            known.merge(names);
        }
    }

    fn unknown(&self, given: &Value, path: &mut Vec<String>, faults: &mut Vec<AnswerFault>) {
        for (key, value) in given.as_object().into_iter().flatten() {
            path.push(key.clone());
            match self.below.get(key) {
                Some(names) => names.unknown(value, path, faults),
                None if self.open => {}
                None => faults.push(AnswerFault {
                    name: name_of(path),
                    why: "is not asked for by this template".to_string(),
                    missing: false,
                    // Suggestions for the first 100 faults only.
                    did_you_mean: nearest(
                        key,
                        self.below.keys().take_while(|_| faults.len() < 100).map(String::as_str),
                    ),
                }),
            }
            path.pop();
        }
    }
}

/// Returns true if a schema declares its fields.
fn describes(schema: &Object) -> bool {
    ["properties", "allOf", "anyOf", "oneOf", "then", "else", "dependencies"]
        .iter()
        .any(|key| schema.contains_key(*key))
}
