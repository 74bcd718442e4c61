//! Filters, tests and functions of extensions, which Python answers for.

use std::sync::Arc;

use minijinja::value::{Kwargs, Rest, ValueKind};
use minijinja::{Environment, Error, ErrorKind, Value};
use serde_json::{Map, Value as Json};

use super::super::extensions::Extensions;
use super::values;

pub fn add(environment: &mut Environment<'static>, extensions: &Arc<Extensions>) {
    for name in extensions.extension_names.filters.clone() {
        let call = caller(extensions, "filters", &name);
        environment.add_filter(name, call);
    }
    for name in extensions.extension_names.functions.clone() {
        let call = caller(extensions, "globals", &name);
        environment.add_function(name, call);
    }
    for name in extensions.extension_names.tests.clone() {
        let call = caller(extensions, "tests", &name);
        environment.add_test(name, move |args: Rest<Value>, named: Kwargs| {
            call(args, named).map(|answer| answer.is_true())
        });
    }
    for (name, value) in &extensions.extension_names.values {
        environment.add_global(name.clone(), values::value(value, false));
    }
}

fn caller(
    extensions: &Arc<Extensions>,
    kind: &'static str,
    name: &str,
) -> impl Fn(Rest<Value>, Kwargs) -> Result<Value, Error> + Send + Sync + 'static {
    let (extensions, name) = (extensions.clone(), name.to_string());
    move |args, named| {
        let args = args.iter().map(json).collect::<Result<Vec<Json>, Error>>()?;
        let mut options = Map::new();
        for key in named.args() {
            options.insert(key.to_string(), json(&named.get::<Value>(key)?)?);
        }
        let answer = extensions.call(kind, &name, &args, &options);
        let answer = answer.map_err(|error| {
            Error::new(ErrorKind::InvalidOperation, format!("`{name}` of an extension: {error}"))
        })?;
        Ok(values::value(&answer, false))
    }
}

/// A value as Python gets it.
fn json(value: &Value) -> Result<Json, Error> {
    if value.kind() == ValueKind::Undefined {
        return Err(Error::from(ErrorKind::UndefinedError));
    }
    serde_json::to_value(value).map_err(|error| {
        Error::new(ErrorKind::InvalidOperation, format!("this can't be given to an extension: {error}"))
    })
}
