//! The parameters of a Backstage template, pages of JSON Schema, as questions.
//!
//! People are asked, and answers are completed and refused, as the portal does it: its form
//! fills in defaults and decides conditions (`defaults`, `resolve`, `options`, `merge`), its
//! backend then judges the values of all pages by each page (`check`, `formats`).

mod asked;
mod check;
mod defaults;
mod fields;
mod formats;
mod json;
mod merge;
mod options;
mod pattern;
mod resolve;
mod sound;
mod words;

use asked::{Asked, Asking};
use billpay_model::findings::nearest;
use check::{Checker, Wrong};
use json::Object;
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
    /// What the values are judged by.
    whole: Value,
    /// What people see of it; nothing where it is behind a feature flag.
    shown: Option<Value>,
}

impl Form {
    /// Reads pages of JSON Schema; fails with what is wrong, after a JSON pointer to it.
    pub fn new(pages: &[Value]) -> Result<Form, String> {
        let mut read = vec![];
        for (at, page) in pages.iter().enumerate() {
            sound::wrong(page, at)?;
            read.push(Page::new(page));
        }
        Ok(Form { pages: read })
    }

    /// The next question that the answers leave open, in the order of the pages.
    ///
    /// Null answers a question that need not be answered. The default is what the portal
    /// would have filled in by now.
    pub fn next_question(&self, answers: &Answers) -> Option<Question> {
        let state = &mut json::normal(&json::without_nulls(&Value::Object(answers.clone())));
        for page in &self.pages {
            let Some(shown) = &page.shown else { continue };
            *state = complete_page(shown, state);
            let open = |asked: &Asked| match answer(answers, &asked.question.name) {
                None => true,
                // It has become required since it was left out.
                Some(Value::Null) => asked.question.required && asked.question.default.is_none(),
                Some(_) => false,
            };
            if let Some(asked) = Asking::now(shown, page.title.as_deref(), state).into_iter().find(open) {
                return Some(asked.question);
            }
        }
        None
    }

    /// Everything that may be asked, whatever is answered.
    pub fn all_questions(&self) -> Vec<Question> {
        let mut questions: Vec<Question> = vec![];
        for page in &self.pages {
            let Some(shown) = &page.shown else { continue };
            for asked in Asking::ever(shown, page.title.as_deref()) {
                match questions.iter_mut().find(|known| known.name == asked.question.name) {
                    Some(known) => known.secret |= asked.question.secret,
                    None => questions.push(asked.question),
                }
            }
        }
        questions
    }

    /// The questions with secret answers, also those that nobody sees.
    pub fn secrets(&self) -> Vec<Question> {
        let asked = self.pages.iter().flat_map(|page| Asking::anything(&page.whole));
        asked.map(|asked| asked.question).filter(|question| question.secret).collect()
    }

    /// Parts the answers to secret fields from the others, as the portal does before steps see them: the
    /// parameters have as many `*` in their place, and `secrets` has them by their fields' own names.
    pub fn without_secret_fields(&self, answers: &Answers) -> (Answers, Answers) {
        let (mut answers, mut secrets) = (answers.clone(), Answers::new());
        for Asked { path, question, .. } in
            self.pages.iter().flat_map(|page| Asking::secret_fields(&page.whole))
        {
            let Some(Value::String(text)) = answer(&answers, &question.name) else { continue };
            let (masked, text) = ("*".repeat(text.encode_utf16().count()), text.clone());
            put_answer(&mut answers, &question.name, masked.into());
            secrets.extend(path.last().map(|name| (name.clone(), text.into())));
        }
        (answers, secrets)
    }

    /// The answers with everything that the portal's form would add to them, if its backend
    /// takes them; otherwise everything that is wrong with them.
    ///
    /// One thing is stricter than there: a name that no page has is a mistake. The portal
    /// would carry such a value along, unseen.
    pub fn complete(&self, answers: &Answers) -> Result<Answers, Vec<AnswerFault>> {
        let mut faults = self.unknown(&json::without_nulls(&Value::Object(answers.clone())));
        let state = Value::Object(self.filled(answers));
        for page in &self.pages {
            let mut wrong = Checker::of_backend(&page.whole).wrong(&page.whole, Some(&state));
            if let Some(shown) = &page.shown {
                wrong.extend(wrong_by_field(shown, &state));
            }
            for wrong in wrong {
                let fault = fault(wrong);
                if !faults.iter().any(|known| known.name == fault.name && known.why == fault.why) {
                    faults.push(fault);
                }
            }
        }
        match state {
            Value::Object(answers) if faults.is_empty() => Ok(self.in_order(answers)),
            _ => Err(faults),
        }
    }

    /// The answers in the order of the questions.
    fn in_order(&self, mut answers: Answers) -> Answers {
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

    /// The answers with everything that the portal's form would add to them, right or not.
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

    /// Names that no page knows.
    fn unknown(&self, given: &Value) -> Vec<AnswerFault> {
        let mut known = Names::default();
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

/// What the form makes of the data, but with what was given as it was given: the form would
/// drop what can't be chosen without a word.
fn complete_page(page: &Value, data: &Value) -> Value {
    keeping(defaults::filled(page, data), data)
}

fn keeping(filled: Value, given: &Value) -> Value {
    match (filled, given) {
        (Value::Object(mut filled), Value::Object(given)) => {
            for (key, value) in given {
                let kept = match filled.get_mut(key) {
                    Some(filled) => keeping(filled.take(), value),
                    None => value.clone(),
                };
                filled.insert(key.clone(), kept);
            }
            filled.into()
        }
        (Value::Array(filled), Value::Array(given)) => {
            let mut kept: Vec<Value> =
                filled.iter().zip(given).map(|(filled, given)| keeping(filled.clone(), given)).collect();
            kept.extend(filled.iter().skip(given.len()).cloned());
            kept.extend(given.iter().skip(filled.len()).cloned());
            kept.into()
        }
        (_, given) => given.clone(),
    }
}

/// What the portal's own fields find wrong.
fn wrong_by_field(page: &Value, state: &Value) -> Vec<Wrong> {
    let asked = Asking::now(page, None, state).into_iter();
    let wrong = asked.filter_map(|asked| {
        let field = asked::ui(&asked.schema, "field")?.as_str()?;
        let value = asked.path.iter().try_fold(state, |value, key| value.get(key))?;
        let why = fields::wrong(field, &asked.schema, value)?;
        Some(Wrong::by_field(asked.path, why))
    });
    wrong.collect()
}

fn fault(wrong: Wrong) -> AnswerFault {
    AnswerFault {
        name: name_of(&wrong.path),
        why: wrong.why,
        missing: wrong.missing,
        did_you_mean: wrong.meant,
    }
}

/// The names that answers may have, in all branches of all pages.
#[derive(Default)]
struct Names {
    below: std::collections::BTreeMap<String, Names>,
    /// Whether any other is fine, too.
    open: bool,
}

impl Names {
    fn add(&mut self, root: &Value, schema: &Value, above: &mut Vec<String>, deep: usize) {
        let reference = schema.get("$ref").and_then(Value::as_str);
        if deep > resolve::DEEPEST || reference.is_some_and(|name| above.iter().any(|known| known == name)) {
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
                let mut names = Names::default();
                names.add(root, branch, above, deep + 1);
                self.open |= names.open && describes(branch.as_object().unwrap_or(&Object::new()));
                self.merge(names);
            }
        }
        above.truncate(length);
    }

    fn merge(&mut self, other: Names) {
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
                    // Of so many wrong answers nobody reads what each was meant to be.
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

/// Whether a schema says which fields there are.
fn describes(schema: &Object) -> bool {
    ["properties", "allOf", "anyOf", "oneOf", "then", "else", "dependencies"]
        .iter()
        .any(|key| schema.contains_key(*key))
}
