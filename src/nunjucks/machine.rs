//! Runs a template.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;
use std::sync::Arc;

use billpay_model::findings::nearest;

use super::ast::{Body, Compare, Expr, ExprKind, Identifier, Signature, Span, Statement, StatementKind};
use super::budget::Budget;
use super::callable::Callable;
use super::coerce;
use super::fault::{At, Fault, Outcome, UndefinedName};
use super::looping::Entries;
use super::plan::{FramePlan, Plan};
use super::scope::{Frame, Place, Scope};
use super::value::{List, Record, Value};

/// Options of a rendering.
#[derive(Clone, Copy)]
pub struct Options {
    pub cookiecutter: bool,
    pub seed: Option<u64>,
    /// Makes undefined values errors.
    pub strict: bool,
    /// True for a step's input, which has `always()` and `failure()`.
    pub step: bool,
}

pub struct Machine<'t> {
    pub text: &'t str,
    pub options: Options,
    pub budget: Budget,
    pub random: RefCell<fastrand::Rng>,
    pub macros: RefCell<Vec<Macro<'t>>>,
    /// `range`, `cycler` and `joiner`, once they are named.
    globals: RefCell<Vec<(&'static str, Value)>>,
    /// Current nesting depth of macro calls.
    pub calls: Cell<usize>,
    /// Undefined names by expression.
    missing: RefCell<HashMap<usize, Arc<UndefinedName>>>,
    /// Undefined names whose values were used, by place.
    undefined: RefCell<BTreeMap<usize, Arc<UndefinedName>>>,
}

/// A macro, or the body of a call block.
#[derive(Clone)]
pub struct Macro<'t> {
    pub signature: &'t Signature,
    pub body: &'t Body,
    pub frame: Rc<FramePlan>,
    pub scope: Rc<Scope>,
    /// The frame that a caller lies in.
    pub within: Option<Rc<Frame>>,
    pub outer: Rc<Scope>,
}

/// Maximum number of recorded undefined names of one text.
const MAX_UNDEFINED: usize = 100;

const GLOBALS: &[&str] = &["range", "cycler", "joiner"];

impl<'t> Machine<'t> {
    pub fn new(text: &'t str, options: Options, name: &str) -> Machine<'t> {
        // Each file has its own choices, whichever is rendered first.
        let seed = name.bytes().fold(options.seed.unwrap_or(0), |seed, byte| {
            (seed ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Machine {
            text,
            options,
            budget: Budget::default(),
            random: RefCell::new(fastrand::Rng::with_seed(seed)),
            macros: RefCell::default(),
            globals: RefCell::default(),
            calls: Cell::new(0),
            missing: RefCell::default(),
            undefined: RefCell::default(),
        }
    }

    /// The place that a template begins at.
    pub fn start(&self, frame: &FramePlan, values: &[(Arc<str>, Value)]) -> Place {
        let outer = Scope::root(values).child(true);
        Place {
            scope: outer.child(true),
            frame: Frame::new(frame, None),
            plan: Rc::clone(&frame.plan),
            outer,
            shows_macros: true,
            shows_sets: true,
        }
    }

    pub fn body(&self, body: &'t Body, place: &Place, output: &mut String) -> Outcome<()> {
        for statement in body {
            if let StatementKind::Text(text) = &statement.kind {
                self.write(text, output).at(&statement.span)?;
            } else {
                self.budget.nest(|| self.statement(statement, place, output)).at(&statement.span)?;
            }
        }
        Ok(())
    }

    fn write(&self, text: &str, output: &mut String) -> Outcome<()> {
        self.budget.steps(1)?;
        self.budget.output(text)?;
        output.push_str(text);
        Ok(())
    }

    fn statement(&self, statement: &'t Statement, place: &Place, output: &mut String) -> Outcome<()> {
        match &statement.kind {
            StatementKind::Text(text) => self.write(text, output),
            StatementKind::Output(value) => {
                let value = self.operand(value, place)?;
                let text = coerce::to_output(&value, &self.budget)?;
                self.write(&text, output)
            }
            StatementKind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.value(condition, place)?.is_truthy() {
                        return self.body(body, place, output);
                    }
                }
                otherwise.iter().try_for_each(|body| self.body(body, place, output))
            }
            StatementKind::For { targets, of, body, otherwise } => {
                let node = Loop { id: statement.id, targets, of, body, otherwise: otherwise.as_ref() };
                self.run_loop(&node, place, output)
            }
            StatementKind::Set { targets, value } => {
                let value = self.value(value, place)?;
                targets.iter().for_each(|target| set(target, &value, place));
                Ok(())
            }
            StatementKind::SetBlock { targets, body } => {
                let value = Value::text(self.capture(body, place)?);
                targets.iter().for_each(|target| set(target, &value, place));
                Ok(())
            }
            StatementKind::Macro { name, signature, body } => {
                self.declare(statement.id, name, signature, body, place)
            }
            StatementKind::Call { of, arguments, caller } => {
                let text = self.call_block(of, arguments, caller, place)?;
                self.write(&text, output)
            }
            StatementKind::Block { body } => {
                let Some(frame) = place.plan.frame(statement.id) else { return unplanned_fault() };
                let inner = Place {
                    scope: place.scope.child(true),
                    frame: Frame::new(frame, None),
                    plan: Rc::clone(&frame.plan),
                    outer: Rc::clone(&place.outer),
                    shows_macros: true,
                    shows_sets: false,
                };
                self.body(body, &inner, output)
            }
            StatementKind::Switch { value, cases, otherwise } => {
                let value = self.value(value, place)?;
                let mut has_match = false;
                for (condition, body) in cases {
                    has_match = has_match || value.is_same(&self.value(condition, place)?);
                    if has_match && !body.is_empty() {
                        return self.body(body, place, output);
                    }
                }
                otherwise.iter().try_for_each(|body| self.body(body, place, output))
            }
        }
    }

    /// Renders a body to a text.
    pub fn capture(&self, body: &'t Body, place: &Place) -> Outcome<String> {
        let mut text = String::new();
        self.body(body, place, &mut text)?;
        self.budget.bytes(text.len())?;
        Ok(text)
    }

    fn declare(
        &self,
        id: usize,
        name: &Identifier,
        signature: &'t Signature,
        body: &'t Body,
        place: &Place,
    ) -> Outcome<()> {
        let (Some(frame), Some(slot)) = (place.plan.frame(id), place.plan.slot(name.id)) else {
            return unplanned_fault();
        };
        let mut macros = self.macros.borrow_mut();
        let value = Value::Callable(Arc::new(Callable::Macro(macros.len())));
        macros.push(Macro {
            signature,
            body,
            frame: Rc::clone(frame),
            scope: Rc::clone(&place.outer),
            within: None,
            outer: Rc::clone(&place.outer),
        });
        place.frame.set(slot, value.clone());
        if place.shows_macros {
            place.outer.set(&name.name, value);
        }
        Ok(())
    }

    fn run_loop(&self, node: &Loop<'t, '_>, place: &Place, output: &mut String) -> Outcome<()> {
        let value = self.operand(node.of, place)?;
        let Some(plan) = place.plan.of_loop(node.id) else { return unplanned_fault() };
        let is_single = node.targets.len() == 1;
        let entries = Entries::of(&value, is_single, &self.budget)?;
        let region = if is_single || entries.like_list { &plan.list } else { &plan.record };
        let inner = Place {
            scope: place.scope.child(false),
            plan: Rc::clone(region),
            shows_macros: false,
            shows_sets: false,
            ..place.clone()
        };
        let mut length = place.frame.get(plan.length);
        if value.is_truthy() {
            length = entries.length;
            place.frame.set(plan.length, length.clone());
        }
        let count = coerce::to_number(&length, &self.budget)?;
        for (index, item) in entries.items.iter().enumerate() {
            self.bind(node.targets, item, entries.like_list, &inner)?;
            let state = self.loop_state(index, count, length.clone())?;
            inner.scope.set(&"loop".into(), state);
            self.body(node.body, &inner, output)?;
        }
        match node.otherwise {
            Some(body) if !length.is_truthy() => {
                let plan: &Rc<Plan> = if is_single { &plan.list } else { &plan.record };
                self.body(body, &Place { plan: Rc::clone(plan), ..inner }, output)
            }
            _ => Ok(()),
        }
    }

    /// Returns the value of `loop` in one iteration.
    fn loop_state(&self, index: usize, count: f64, length: Value) -> Outcome<Value> {
        let at = index as f64;
        let entries = [
            ("index", Value::Number(at + 1.0)),
            ("index0", Value::Number(at)),
            ("revindex", Value::Number(count - at)),
            ("revindex0", Value::Number(count - at - 1.0)),
            ("first", Value::Bool(index == 0)),
            ("last", Value::Bool(at == count - 1.0)),
            ("length", length),
        ];
        Record::of(entries.into_iter().map(|(name, value)| (name.into(), value)).collect(), &self.budget)
    }

    /// Gives a loop's names their values in one turn.
    fn bind(&self, targets: &[Identifier], item: &Value, like_list: bool, place: &Place) -> Outcome<()> {
        let slot = |target: &Identifier, value: Value| {
            if let Some(slot) = place.plan.slot(target.id) {
                place.frame.set(slot, value);
            }
        };
        if let [target] = targets {
            place.scope.set(&target.name, item.clone());
            slot(target, item.clone());
            return Ok(());
        }
        for (index, target) in targets.iter().enumerate() {
            let part = match item {
                Value::Undefined(_) | Value::Null => {
                    return Fault::fail("this item has no parts for the names of the loop");
                }
                Value::List(list) => list.items().get(index).cloned(),
                Value::Record(record) => record.get(&index.to_string()).cloned(),
                Value::Text(text) => super::units::at(text, index)?,
                _ => None,
            };
            let part = part.unwrap_or(Value::Undefined(None));
            if !like_list {
                if index >= 2 {
                    break;
                }
                place.scope.set(&target.name, part.clone());
            }
            slot(target, part);
        }
        Ok(())
    }

    /// Evaluates an expression.
    pub fn value(&self, expr: &'t Expr, place: &Place) -> Outcome<Value> {
        self.budget.nest(|| self.evaluate(expr, place)).at(&expr.span)
    }

    /// Evaluates an expression whose value is used: if it is undefined, that is noted.
    pub fn operand(&self, expr: &'t Expr, place: &Place) -> Outcome<Value> {
        let value = self.value(expr, place)?;
        self.note(&value, &expr.span)?;
        Ok(value)
    }

    /// Notes that an undefined value is used, which is an error where rendering is strict.
    pub fn note(&self, value: &Value, span: &Span) -> Outcome<()> {
        let Value::Undefined(missing) = value else { return Ok(()) };
        if self.options.strict {
            return Fault::undefined(missing.as_ref()).at(span);
        }
        let place = missing.as_ref().map_or(span.start, |missing| missing.span.start);
        let mut undefined = self.undefined.borrow_mut();
        if undefined.len() < MAX_UNDEFINED && !undefined.contains_key(&place) {
            let missing = missing.clone().unwrap_or_else(|| {
                let name = self.text.get(span.clone()).unwrap_or_default().trim().to_string();
                Arc::new(UndefinedName { name, span: span.clone(), did_you_mean: None })
            });
            undefined.insert(place, missing);
        }
        Ok(())
    }

    /// Returns the recorded undefined names, in the order of the text.
    pub fn undefined_names(&self) -> Vec<Arc<UndefinedName>> {
        self.undefined.borrow().values().cloned().collect()
    }

    /// Makes the undefined value of an expression; `suggest` finds the name that was meant, once for each expression.
    pub fn undefined(
        &self,
        expr: &Expr,
        name: impl FnOnce() -> String,
        suggest: impl FnOnce() -> Option<String>,
    ) -> Value {
        let mut known = self.missing.borrow_mut();
        let count = known.len();
        let missing = known.entry(expr.id).or_insert_with(|| {
            let did_you_mean = if count < MAX_UNDEFINED { suggest() } else { None };
            Arc::new(UndefinedName { name: name(), span: expr.span.clone(), did_you_mean })
        });
        Value::Undefined(Some(Arc::clone(missing)))
    }

    fn evaluate(&self, expr: &'t Expr, place: &Place) -> Outcome<Value> {
        match &expr.kind {
            ExprKind::Null => Ok(Value::Null),
            ExprKind::Bool(yes) => Ok(Value::Bool(*yes)),
            ExprKind::Number(number) => Ok(Value::Number(*number)),
            ExprKind::Text(text) => Ok(Value::Text(Arc::clone(text))),
            ExprKind::Regex(regex) => Ok(Value::Regex(Arc::new(regex.fresh_copy()))),
            ExprKind::Name(name) => self.look_up(expr, name, place),
            ExprKind::List(items) => self.list(items, place),
            ExprKind::Object(entries) => self.object(entries, place),
            ExprKind::Group(items) => items.iter().try_fold(Value::Null, |_, item| self.value(item, place)),
            ExprKind::Capture(body) => {
                let inner = Place { scope: place.scope.child(false), ..place.clone() };
                Ok(Value::text(self.capture(body, &inner)?))
            }
            ExprKind::If { condition, then, otherwise } => {
                if self.value(condition, place)?.is_truthy() {
                    return self.value(then, place);
                }
                otherwise.as_deref().map_or(Ok(Value::text("")), |other| self.value(other, place))
            }
            ExprKind::Or(left, right) => {
                let left = self.value(left, place)?;
                if left.is_truthy() { Ok(left) } else { self.value(right, place) }
            }
            ExprKind::And(left, right) => {
                let left = self.value(left, place)?;
                if left.is_truthy() { self.value(right, place) } else { Ok(left) }
            }
            ExprKind::Not(inner) => Ok(Value::Bool(!self.value(inner, place)?.is_truthy())),
            ExprKind::Compare(first, others) => self.compare_chain(first, others, place),
            ExprKind::Member { of, key } => self.member(expr, of, key, place),
            ExprKind::Slice { .. } => Fault::fail("a part is taken of a list or a text: `list[1:2]`"),
            ExprKind::Negative(_)
            | ExprKind::Positive(_)
            | ExprKind::Floor(_)
            | ExprKind::Binary(..)
            | ExprKind::In(..) => self.calculate(expr, place),
            ExprKind::Is { value, test } => self.apply_test(value, test, place),
            ExprKind::Filter { name, input, arguments } => self.apply_filter(name, input, arguments, place),
            ExprKind::Call { of, arguments } => self.call(of, arguments, place),
        }
    }

    fn list(&self, items: &'t [Expr], place: &Place) -> Outcome<Value> {
        let items = items.iter().map(|item| self.value(item, place)).collect::<Outcome<Vec<Value>>>()?;
        List::of(items, &self.budget)
    }

    fn object(&self, entries: &'t [(Arc<str>, Expr)], place: &Place) -> Outcome<Value> {
        let entry = |(name, value): &'t (Arc<str>, Expr)| Ok((Arc::clone(name), self.value(value, place)?));
        Record::of(entries.iter().map(entry).collect::<Outcome<Vec<_>>>()?, &self.budget)
    }

    /// Each comparison is with the outcome of the one before: `1 < 2 < 3` is `true < 3`.
    fn compare_chain(&self, first: &'t Expr, others: &'t [(Compare, Expr)], place: &Place) -> Outcome<Value> {
        let mut left = self.value(first, place)?;
        let mut span = &first.span;
        for (compare, other) in others {
            let right = self.value(other, place)?;
            left = Value::Bool(self.compare(*compare, (&left, span), (&right, &other.span))?);
            span = &other.span;
        }
        Ok(left)
    }

    fn compare(&self, compare: Compare, left: (&Value, &Span), right: (&Value, &Span)) -> Outcome<bool> {
        [left.0, right.0].into_iter().try_for_each(|value| self.budget.traverse(value))?;
        let order = || {
            self.note(left.0, left.1)?;
            self.note(right.0, right.1)?;
            coerce::order(left.0, right.0, &self.budget)
        };
        Ok(match compare {
            Compare::Equal => coerce::equal(left.0, right.0, &self.budget)?,
            Compare::Unequal => !coerce::equal(left.0, right.0, &self.budget)?,
            Compare::Same => left.0.is_same(right.0),
            Compare::Different => !left.0.is_same(right.0),
            Compare::Less => order()?.is_some_and(|order| order.is_lt()),
            Compare::LessEqual => order()?.is_some_and(|order| order.is_le()),
            Compare::Greater => order()?.is_some_and(|order| order.is_gt()),
            Compare::GreaterEqual => order()?.is_some_and(|order| order.is_ge()),
        })
    }

    fn look_up(&self, expr: &Expr, name: &Arc<str>, place: &Place) -> Outcome<Value> {
        let known = match place.plan.slot(expr.id) {
            Some(slot) => Some(place.frame.get(slot)),
            None => place.scope.get(name),
        };
        let known = match known {
            Some(Value::Undefined(None)) | None => known,
            Some(value) => return Ok(value),
        };
        if known.is_none() {
            match &**name {
                "True" if self.options.cookiecutter => return Ok(Value::Bool(true)),
                "False" if self.options.cookiecutter => return Ok(Value::Bool(false)),
                "None" if self.options.cookiecutter => return Ok(Value::Null),
                _ => {}
            }
            if let Some(global) = self.global(name) {
                return Ok(global);
            }
        }
        let suggest = || {
            let mut names = place.scope.names();
            names.extend(GLOBALS.iter().map(ToString::to_string));
            nearest(name, names.iter().map(String::as_str).filter(|known| *known != &**name))
        };
        Ok(self.undefined(expr, || name.to_string(), suggest))
    }

    fn global(&self, name: &str) -> Option<Value> {
        if let Some((_, value)) = self.globals.borrow().iter().find(|(known, _)| *known == name) {
            return Some(value.clone());
        }
        let (name, callable) = match name {
            "range" => ("range", Callable::Range),
            "cycler" => ("cycler", Callable::Cycler),
            "joiner" => ("joiner", Callable::Joiner),
            "always" if self.options.step => ("always", Callable::Always),
            "failure" if self.options.step => ("failure", Callable::Failure),
            _ => return None,
        };
        let value = Value::Callable(Arc::new(callable));
        self.globals.borrow_mut().push((name, value.clone()));
        Some(value)
    }
}

struct Loop<'t, 'p> {
    id: usize,
    targets: &'p [Identifier],
    of: &'t Expr,
    body: &'t Body,
    otherwise: Option<&'t Body>,
}

/// Gives a name a value, wherever it is seen from here.
fn set(target: &Identifier, value: &Value, place: &Place) {
    place.scope.assign(&target.name, value.clone());
    if let Some(slot) = place.plan.slot(target.id) {
        place.frame.set(slot, value.clone());
    }
    if place.shows_sets {
        place.outer.set(&target.name, value.clone());
    }
}

pub fn unplanned_fault<T>() -> Outcome<T> {
    Fault::fail("this can't be rendered: please report it")
}
