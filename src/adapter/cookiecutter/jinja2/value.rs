//! Python's values, as far as templates see them.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::rc::Rc;

use super::fault::{Fault, Res};
use super::interpreter::Macro;

/// What an expression gives. Lists and dicts are shared, as in Python: who has one sees what
/// another puts into it.
#[derive(Clone)]
pub enum Value {
    Undefined(Rc<Missing>),
    None,
    Bool(bool),
    Int(i128),
    Float(f64),
    Str(Rc<str>),
    /// Text that needs no escaping any more: markupsafe's `Markup`.
    Safe(Rc<str>),
    List(Rc<RefCell<Vec<Value>>>),
    Tuple(Rc<Vec<Value>>),
    Dict(Rc<RefCell<Dict>>),
    Range(Range),
    View(View, Rc<RefCell<Dict>>),
    /// A generator or iterator: what is taken out of it is gone.
    Iter(Rc<RefCell<VecDeque<Value>>>),
    Object(Rc<Object>),
}

/// What isn't there: any use of it but asking whether it is, is an error.
#[derive(Debug, Default)]
pub struct Missing {
    pub message: String,
    /// The name that was looked for, and those that are there.
    pub word: String,
    pub known: Vec<String>,
    /// Whether it may be used after all, as nothing: what an `if` without `else` gives.
    pub silent: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Range {
    pub start: i128,
    pub stop: i128,
    pub step: i128,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum View {
    Keys,
    Values,
    Items,
}

/// What has state of its own, or can be called.
pub enum Object {
    Namespace(Rc<RefCell<Dict>>),
    Cycler {
        items: Vec<Value>,
        at: Cell<usize>,
    },
    Joiner {
        separator: Value,
        used: Cell<bool>,
    },
    Loop(Loop),
    Module {
        name: String,
        exports: Dict,
        text: Rc<str>,
    },
    Macro(Macro),
    Method {
        of: Value,
        name: Rc<str>,
    },
    Function(&'static str),
    /// A block that can be called: the `depth`th definition, from the most derived.
    Block {
        name: Rc<str>,
        depth: usize,
    },
    /// `self`, of which the attributes are blocks.
    Template,
}

/// `loop` in a for loop.
pub struct Loop {
    pub items: Rc<Vec<Value>>,
    pub index0: Cell<usize>,
    pub depth0: usize,
    pub recursive: bool,
    pub changed: RefCell<Option<Vec<Value>>>,
    pub again: Option<Rc<super::interpreter::Again>>,
}

impl Range {
    pub fn len(&self) -> usize {
        let count = match self.step {
            step if step > 0 && self.stop > self.start => (self.stop - self.start - 1) / step + 1,
            step if step < 0 && self.stop < self.start => (self.start - self.stop - 1) / -step + 1,
            _ => 0,
        };
        usize::try_from(count).unwrap_or(usize::MAX)
    }

    pub fn at(&self, index: usize) -> i128 {
        self.start + self.step * index as i128
    }
}

/// What two equal keys have in common: `1`, `1.0` and `True` are one key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Key {
    None,
    Int(i128),
    Float(u64),
    Str(Rc<str>),
    Tuple(Vec<Key>),
    Identity(usize),
}

/// A dict, in the order of insertion.
#[derive(Clone, Default)]
pub struct Dict {
    entries: Vec<(Value, Value)>,
    places: HashMap<Key, usize>,
    /// Whether it prints as an `OrderedDict`.
    pub ordered: bool,
}

impl Dict {
    pub fn get(&self, key: &Key) -> Option<&Value> {
        self.places.get(key).and_then(|at| self.entries.get(*at)).map(|(_, value)| value)
    }

    pub fn get_str(&self, key: &str) -> Option<&Value> {
        self.get(&Key::Str(key.into()))
    }

    pub fn set(&mut self, key: Value, value: Value) -> Res<()> {
        let hashed = key.key()?;
        match self.places.get(&hashed).and_then(|at| self.entries.get_mut(*at)) {
            Some(entry) => entry.1 = value,
            None => {
                self.places.insert(hashed, self.entries.len());
                self.entries.push((key, value));
            }
        }
        Ok(())
    }

    pub fn set_str(&mut self, key: &str, value: Value) {
        // A text is a key whatever else is.
        let _ = self.set(Value::text(key), value);
    }

    pub fn remove(&mut self, key: &Key) -> Option<(Value, Value)> {
        let at = self.places.remove(key)?;
        for place in self.places.values_mut().filter(|place| **place > at) {
            *place -= 1;
        }
        Some(self.entries.remove(at))
    }

    pub fn clear(&mut self) {
        self.entries.clear();
        self.places.clear();
    }

    pub fn len(&self) -> usize {
        self.entries.len()
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&Value, &Value)> {
        self.entries.iter().map(|(key, value)| (key, value))
    }

    pub fn names(&self) -> Vec<String> {
        self.iter().filter_map(|(key, _)| key.as_str().map(str::to_string)).collect()
    }
}

impl Value {
    pub fn text(text: impl AsRef<str>) -> Value {
        Value::Str(text.as_ref().into())
    }

    pub fn list(items: Vec<Value>) -> Value {
        Value::List(Rc::new(RefCell::new(items)))
    }

    pub fn tuple(items: Vec<Value>) -> Value {
        Value::Tuple(Rc::new(items))
    }

    pub fn dict(dict: Dict) -> Value {
        Value::Dict(Rc::new(RefCell::new(dict)))
    }

    pub fn iter(items: impl IntoIterator<Item = Value>) -> Value {
        Value::Iter(Rc::new(RefCell::new(items.into_iter().collect())))
    }

    pub fn object(object: Object) -> Value {
        Value::Object(Rc::new(object))
    }

    pub fn missing(message: impl Into<String>) -> Value {
        Value::Undefined(Rc::new(Missing { message: message.into(), ..Missing::default() }))
    }

    pub fn as_str(&self) -> Option<&str> {
        match self {
            Value::Str(text) | Value::Safe(text) => Some(text),
            _ => None,
        }
    }

    pub fn as_int(&self) -> Option<i128> {
        match self {
            Value::Int(number) => Some(*number),
            Value::Bool(yes) => Some(i128::from(*yes)),
            _ => None,
        }
    }

    pub fn as_float(&self) -> Option<f64> {
        match self {
            Value::Float(number) => Some(*number),
            other => other.as_int().map(|number| number as f64),
        }
    }

    pub fn is_undefined(&self) -> bool {
        matches!(self, Value::Undefined(_))
    }

    /// The value itself, or an error if it isn't there.
    pub fn there(&self) -> Res<&Value> {
        match self {
            Value::Undefined(missing) if !missing.silent => Err(Fault::undefined(missing)),
            other => Ok(other),
        }
    }

    /// What Python calls its type.
    pub fn type_name(&self) -> &'static str {
        match self {
            Value::Undefined(_) => "StrictUndefined",
            Value::None => "NoneType",
            Value::Bool(_) => "bool",
            Value::Int(_) => "int",
            Value::Float(_) => "float",
            Value::Str(_) => "str",
            Value::Safe(_) => "Markup",
            Value::List(_) => "list",
            Value::Tuple(_) => "tuple",
            Value::Dict(_) => "dict",
            Value::Range(_) => "range",
            Value::View(View::Keys, _) => "dict_keys",
            Value::View(View::Values, _) => "dict_values",
            Value::View(View::Items, _) => "dict_items",
            Value::Iter(_) => "generator",
            Value::Object(object) => match **object {
                Object::Namespace(_) => "Namespace",
                Object::Cycler { .. } => "Cycler",
                Object::Joiner { .. } => "Joiner",
                Object::Loop(_) => "LoopContext",
                Object::Module { .. } => "TemplateModule",
                Object::Macro(_) => "Macro",
                Object::Method { .. } => "builtin_function_or_method",
                Object::Function(_) => "function",
                Object::Block { .. } => "BlockReference",
                Object::Template => "TemplateReference",
            },
        }
    }

    /// What it is as the key of a dict.
    pub fn key(&self) -> Res<Key> {
        Ok(match self {
            Value::Undefined(missing) => return Err(Fault::undefined(missing)),
            Value::None => Key::None,
            Value::Bool(yes) => Key::Int(i128::from(*yes)),
            Value::Int(number) => Key::Int(*number),
            Value::Float(number) if number.fract() == 0.0 && number.abs() < 1e30 => Key::Int(*number as i128),
            Value::Float(number) => Key::Float(number.to_bits()),
            Value::Str(text) | Value::Safe(text) => Key::Str(text.clone()),
            Value::Tuple(items) => Key::Tuple(items.iter().map(Value::key).collect::<Res<_>>()?),
            Value::Range(range) => Key::Tuple(vec![
                Key::Identity(1),
                Key::Int(range.start),
                Key::Int(range.stop),
                Key::Int(range.step),
            ]),
            Value::Object(object) => Key::Identity(Rc::as_ptr(object).addr()),
            Value::Iter(items) => Key::Identity(Rc::as_ptr(items).addr()),
            Value::List(_) | Value::Dict(_) | Value::View(..) => {
                return Err(Fault::of(format!("unhashable type: '{}'", self.type_name())));
            }
        })
    }

    pub fn is_true(&self) -> Res<bool> {
        Ok(match self.there()? {
            Value::Undefined(_) | Value::None => false,
            Value::Bool(yes) => *yes,
            Value::Int(number) => *number != 0,
            Value::Float(number) => *number != 0.0,
            Value::Str(text) | Value::Safe(text) => !text.is_empty(),
            Value::List(items) => !items.borrow().is_empty(),
            Value::Tuple(items) => !items.is_empty(),
            Value::Dict(dict) | Value::View(_, dict) => !dict.borrow().is_empty(),
            Value::Range(range) => range.len() > 0,
            Value::Object(object) => match &**object {
                Object::Loop(state) => !state.items.is_empty(),
                _ => true,
            },
            Value::Iter(_) => true,
        })
    }

    /// How many there are in it, for those that know.
    pub fn length(&self) -> Res<usize> {
        Ok(match self.there()? {
            Value::Undefined(_) => 0,
            Value::Str(text) | Value::Safe(text) => text.chars().count(),
            Value::List(items) => items.borrow().len(),
            Value::Tuple(items) => items.len(),
            Value::Dict(dict) | Value::View(_, dict) => dict.borrow().len(),
            Value::Range(range) => range.len(),
            Value::Object(object) => match &**object {
                Object::Loop(state) => state.items.len(),
                _ => return Err(Fault::of(format!("object of type '{}' has no len()", self.type_name()))),
            },
            other => return Err(Fault::of(format!("object of type '{}' has no len()", other.type_name()))),
        })
    }

    /// Everything that iterating over it gives; an iterator is empty afterwards.
    pub fn items(&self) -> Res<Vec<Value>> {
        const MOST: usize = 4_000_000;
        Ok(match self.there()? {
            Value::Undefined(_) => vec![],
            Value::Str(text) | Value::Safe(text) => {
                let mut letter = [0; 4];
                text.chars().map(|c| Value::text(c.encode_utf8(&mut letter))).collect()
            }
            Value::List(items) => items.borrow().clone(),
            Value::Tuple(items) => items.to_vec(),
            Value::Dict(dict) | Value::View(View::Keys, dict) => {
                dict.borrow().iter().map(|(key, _)| key.clone()).collect()
            }
            Value::View(View::Values, dict) => dict.borrow().iter().map(|(_, value)| value.clone()).collect(),
            Value::View(View::Items, dict) => {
                let dict = dict.borrow();
                dict.iter().map(|(key, value)| Value::tuple(vec![key.clone(), value.clone()])).collect()
            }
            Value::Range(range) if range.len() > MOST => return Err(Fault::endless()),
            Value::Range(range) => (0..range.len()).map(|index| Value::Int(range.at(index))).collect(),
            Value::Iter(items) => items.borrow_mut().drain(..).collect(),
            other => return Err(Fault::of(format!("'{}' object is not iterable", other.type_name()))),
        })
    }

    pub fn is_iterable(&self) -> bool {
        !matches!(self, Value::None | Value::Bool(_) | Value::Int(_) | Value::Float(_) | Value::Object(_))
            || matches!(self, Value::Object(object) if matches!(**object, Object::Loop(_)))
    }
}
