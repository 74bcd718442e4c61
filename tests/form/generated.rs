//! Pages and answers that nobody would write: small, and full of conditions.

use serde_json::{Map, Value, json};

/// Those of the first page, and those of the second.
const NAMES: &[&[&str]] = &[&["a", "b", "c", "d", "e"], &["k", "l", "m"]];
/// Those that conditions bring.
const BROUGHT: &[&str] = &["f", "g", "h"];
const TEXTS: &[&str] = &["", "x", "y", "aws", "gcp", "Ab-1", "2031-05-27", "a@b.example"];

pub struct Generator {
    random: fastrand::Rng,
    names: &'static [&'static str],
}

impl Generator {
    pub fn new(seed: u64) -> Generator {
        Generator { random: fastrand::Rng::with_seed(seed), names: &[] }
    }

    fn one_in(&mut self, of: usize) -> bool {
        self.random.usize(..of) == 0
    }

    fn pick<'t>(&mut self, of: &[&'t str]) -> &'t str {
        of[self.random.usize(..of.len())]
    }

    pub fn pages(&mut self) -> Vec<Value> {
        let pages = if self.one_in(4) { 2 } else { 1 };
        let page = |names: &&'static [&'static str]| {
            self.names = names;
            self.page()
        };
        NAMES.iter().take(pages).map(page).collect()
    }

    fn page(&mut self) -> Value {
        let mut page = self.object(0);
        page.insert("title".into(), "A page".into());
        page.insert("definitions".into(), json!({ "size": self.simple(), "part": self.simple() }));
        if self.one_in(3) {
            page.insert("dependencies".into(), self.dependencies(&page.clone()));
        }
        if self.one_in(3) {
            let parts: Vec<Value> =
                (0..1 + self.random.usize(..2)).map(|_| self.condition(&page.clone())).collect();
            page.insert("allOf".into(), parts.into());
        } else if self.one_in(4) {
            page.extend(self.condition(&page.clone()).as_object().cloned().unwrap_or_default());
        }
        page.into()
    }

    fn object(&mut self, deep: usize) -> Map<String, Value> {
        let mut properties = Map::new();
        for _ in 0..1 + self.random.usize(..4) {
            let name = self.pick(self.names);
            properties.insert(name.into(), self.property(deep));
        }
        let mut object = Map::new();
        if !self.one_in(5) {
            object.insert("type".into(), "object".into());
        }
        let required: Vec<&String> = properties.keys().filter(|_| self.random.usize(..6) == 0).collect();
        if !required.is_empty() {
            object.insert("required".into(), json!(required));
        }
        object.insert("properties".into(), properties.into());
        if deep > 0 && self.one_in(6) {
            object.insert("default".into(), self.values(&Value::Object(object.clone()), false));
        }
        object
    }

    fn property(&mut self, deep: usize) -> Value {
        match self.random.usize(..16) {
            0 | 1 if deep < 2 => {
                let mut object = self.object(deep + 1);
                if self.one_in(4) {
                    object.insert("dependencies".into(), self.dependencies(&object.clone()));
                }
                object.into()
            }
            2 => self.list(deep),
            3 => json!({ "$ref": format!("#/definitions/{}", self.pick(&["size", "part"])) }),
            4 => {
                let mut choices = json!({ "type": "string", "oneOf": [
                    { "const": "aws", "title": "Amazon" }, { "const": "gcp", "title": "Google" }
                ] });
                if self.one_in(2) {
                    choices["default"] = "gcp".into();
                }
                choices
            }
            5 if deep < 2 => {
                let key = self.pick(&["oneOf", "anyOf"]);
                json!({ "type": "object", key: [
                    { "title": "One", "properties": { "kind": { "const": "one" }, "x": self.simple() } },
                    { "title": "Two", "properties": { "kind": { "const": "two" }, "y": self.simple() } }
                ] })
            }
            6 => json!({ "type": "string", "const": "x" }),
            _ => self.simple(),
        }
    }

    fn list(&mut self, deep: usize) -> Value {
        let items = match self.random.usize(..4) {
            0 => json!({ "type": "string", "enum": ["aws", "gcp", "x"] }),
            1 if deep < 2 => self.object(deep + 1).into(),
            _ => self.simple(),
        };
        let texts = items["type"] == "string";
        let mut list = json!({ "type": "array", "items": items });
        if self.one_in(3) {
            list["uniqueItems"] = true.into();
        }
        if self.one_in(6) {
            list["minItems"] = (1 + self.random.usize(..2)).into();
        }
        if texts && self.one_in(4) {
            list["default"] = json!(["x"]);
        }
        list
    }

    fn simple(&mut self) -> Value {
        let mut schema = match self.random.usize(..7) {
            0 => json!({ "type": "boolean" }),
            1 => json!({ "type": "integer", "minimum": 1, "maximum": 9 }),
            2 => json!({ "type": "number", "multipleOf": 0.5 }),
            3 => json!({ "type": "string", "enum": ["aws", "gcp", "x"] }),
            4 => json!({ "type": "string", "pattern": "^[a-z]*[0-9@.-]*" }),
            5 => json!({ "type": ["string", "null"], "format": self.pick(&["date", "email", "unknown"]) }),
            _ => json!({ "type": "string", "title": "A text", "ui:autofocus": true }),
        };
        if self.one_in(3) {
            schema["default"] = self.value(&schema.clone(), false);
        }
        schema
    }

    /// A field of an object, and a schema that only some of its values fit.
    fn test(&mut self, object: &Map<String, Value>) -> (String, Value) {
        let names: Vec<String> =
            object["properties"].as_object().into_iter().flatten().map(|(name, _)| name.clone()).collect();
        let name = names[self.random.usize(..names.len())].clone();
        let schema = object["properties"][&name].clone();
        let test = match schema.get("type").and_then(Value::as_str) {
            Some("boolean") => json!({ "const": true }),
            Some("integer" | "number") => json!({ "minimum": 3 }),
            Some("object") => json!({ "type": "object" }),
            Some("array") => json!({ "minItems": 1 }),
            _ => json!({ "enum": ["aws", "x"] }),
        };
        (name, test)
    }

    fn condition(&mut self, object: &Map<String, Value>) -> Value {
        let (name, test) = self.test(object);
        let mut condition = json!({ "if": { "properties": { name.clone(): test } } });
        if self.one_in(2) {
            condition["if"]["required"] = json!([name]);
        }
        if !self.one_in(4) {
            condition["then"] = self.branch();
        }
        if self.one_in(2) {
            condition["else"] = self.branch();
        }
        condition
    }

    fn branch(&mut self) -> Value {
        let name = self.pick(BROUGHT);
        let mut branch = json!({ "properties": { name: self.simple() } });
        if self.one_in(2) {
            branch["required"] = json!([name]);
        }
        branch
    }

    fn dependencies(&mut self, object: &Map<String, Value>) -> Value {
        let (name, test) = self.test(object);
        match self.random.usize(..4) {
            0 => json!({ name: [self.pick(self.names)] }),
            1 => json!({ name: self.branch() }),
            _ => {
                let (mut yes, mut no) = (self.branch(), self.branch());
                yes["properties"][&name] = test.clone();
                no["properties"][&name] = json!({ "not": test });
                json!({ name: { "oneOf": [yes, no] } })
            }
        }
    }

    /// Answers to some of what a page asks, most of them right.
    pub fn answers(&mut self, pages: &[Value]) -> Value {
        let mut answers = Map::new();
        for page in pages {
            answers.extend(self.values(page, true).as_object().cloned().unwrap_or_default());
            let conditions =
                ["dependencies", "allOf", "then", "else"].map(|key| page[key].to_string()).concat();
            for name in BROUGHT {
                if conditions.contains(&format!("\"{name}\":{{")) && self.one_in(4) {
                    answers.insert((*name).into(), self.pick(TEXTS).into());
                }
            }
        }
        answers.into()
    }

    fn values(&mut self, object: &Value, may_be_wrong: bool) -> Value {
        let mut values = Map::new();
        for (name, schema) in object["properties"].as_object().into_iter().flatten() {
            if self.one_in(2) {
                values.insert(name.clone(), self.value(schema, may_be_wrong));
            }
        }
        values.into()
    }

    fn value(&mut self, schema: &Value, may_be_wrong: bool) -> Value {
        if may_be_wrong && self.one_in(30) {
            return [json!(7), json!(true), json!("?"), json!([1]), json!(1.5)][self.random.usize(..5)]
                .clone();
        }
        if let Some(listed) = schema["enum"].as_array() {
            return listed[self.random.usize(..listed.len())].clone();
        }
        match schema["type"].as_str() {
            Some("boolean") => self.random.bool().into(),
            Some("integer") => self.random.i64(1..=9).into(),
            Some("number") => (self.random.i64(0..=9) as f64 / 2.0).into(),
            Some("array") => {
                (0..self.random.usize(..3)).map(|_| self.value(&schema["items"], may_be_wrong)).collect()
            }
            Some("object") if schema.get("properties").is_some() => self.values(schema, may_be_wrong),
            Some("object") => json!({ "kind": self.pick(&["one", "two"]) }),
            _ => self.pick(TEXTS).into(),
        }
    }
}
