//! Templates as they are rendered: statements.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::ast::{Callee, For, Stmt, StmtKind, Target, Template};
use super::fault::{Fault, Res};
use super::parser::parse;
use super::repr;
use super::syntax::Syntax;
use super::value::{Loop, Object, Value};
use super::{escape, ops};
use crate::adapter::limits::MOST_BYTES;

/// Steps that one text may take: no honest template comes near.
const FUEL: u64 = crate::adapter::limits::FUEL;

/// Deepest that what is being rendered may lie in one another.
const DEEPEST: u32 = 220;

/// Names and their values; what isn't here, may be around it.
#[derive(Default)]
pub struct Scope {
    pub names: RefCell<HashMap<Rc<str>, Value>>,
    pub around: Option<Rc<Scope>>,
}

impl Scope {
    pub fn within(around: &Rc<Scope>) -> Rc<Scope> {
        Rc::new(Scope { names: RefCell::default(), around: Some(around.clone()) })
    }

    pub fn get(&self, name: &str) -> Option<Value> {
        let mut scope = Some(self);
        while let Some(here) = scope {
            if let Some(value) = here.names.borrow().get(name) {
                return Some(value.clone());
            }
            scope = here.around.as_deref();
        }
        None
    }

    pub fn set(&self, name: &Rc<str>, value: Value) {
        self.names.borrow_mut().insert(name.clone(), value);
    }

    pub fn known(&self) -> Vec<String> {
        let mut known: Vec<String> = self.names.borrow().keys().map(ToString::to_string).collect();
        known.extend(self.around.iter().flat_map(|around| around.known()));
        known
    }
}

/// A definition of a block, and the template that has it.
type Definition = (Rc<Template>, Rc<Vec<Stmt>>);

/// What is the same for all of a template that is being rendered.
pub struct Home {
    pub template: Rc<Template>,
    pub root: Rc<Scope>,
    /// By name, the most derived first.
    pub blocks: RefCell<HashMap<Rc<str>, Vec<Definition>>>,
}

/// Where rendering is.
#[derive(Clone)]
pub struct State {
    pub home: Rc<Home>,
    pub scope: Rc<Scope>,
    pub autoescape: bool,
    /// The block that this is in, and which definition of it.
    pub block: Option<(Rc<str>, usize)>,
}

pub struct Macro {
    pub callee: Rc<Callee>,
    pub state: State,
}

/// A loop that can be begun again, on other items.
pub struct Again {
    pub node: Rc<For>,
    pub state: State,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Flow {
    Next,
    Break,
    Continue,
}

/// Gives the text of a template by its name, with `\n` as line ends.
pub type Loader<'l> = Box<dyn Fn(&str) -> Option<String> + 'l>;

/// Renders the templates of one project.
pub struct Interpreter<'l> {
    pub syntax: Syntax,
    loader: Loader<'l>,
    loaded: RefCell<HashMap<String, Rc<Template>>>,
    pub random: Option<RefCell<fastrand::Rng>>,
    /// Seconds since 1970.
    pub now: i64,
    fuel: Cell<u64>,
    depth: Cell<u32>,
    /// Where `extends` was met: what is behind it isn't written.
    parent: RefCell<Option<(Rc<Template>, usize)>>,
}

impl<'l> Interpreter<'l> {
    pub fn new(syntax: Syntax, loader: Loader<'l>, seed: Option<u64>, now: i64) -> Interpreter<'l> {
        let random = seed.map(|seed| RefCell::new(fastrand::Rng::with_seed(seed)));
        Interpreter {
            syntax,
            loader,
            loaded: RefCell::default(),
            random,
            now,
            fuel: Cell::new(FUEL),
            depth: Cell::new(0),
            parent: RefCell::default(),
        }
    }

    /// Takes so many steps from what is left.
    pub fn spend(&self, steps: u64) -> Res<()> {
        let left = self.fuel.get().checked_sub(steps).ok_or_else(Fault::endless)?;
        self.fuel.set(left);
        Ok(())
    }

    /// Tells that so many bytes are about to be made.
    pub fn make(&self, bytes: usize) -> Res<()> {
        if bytes > MOST_BYTES {
            return Err(Fault::too_long());
        }
        self.spend(bytes as u64 / 64)
    }

    pub fn deeper<T>(&self, run: impl FnOnce() -> Res<T>) -> Res<T> {
        let depth = self.depth.get();
        if depth >= DEEPEST {
            return Err(Fault::new("endless", "too much in one another: a macro that calls itself?"));
        }
        self.depth.set(depth + 1);
        let done = run();
        self.depth.set(depth);
        done
    }

    /// Renders a text that is no template of its own: a name, a default.
    pub fn text(&self, name: &str, source: &str, context: &[(Rc<str>, Value)]) -> Res<String> {
        let template = Rc::new(parse(name, source, &self.syntax)?);
        self.begin(&template, context)
    }

    /// Renders one of the templates.
    pub fn file(&self, name: &str, context: &[(Rc<str>, Value)]) -> Res<String> {
        let template = self.load(name)?;
        self.begin(&template, context)
    }

    fn begin(&self, template: &Rc<Template>, context: &[(Rc<str>, Value)]) -> Res<String> {
        self.fuel.set(FUEL);
        let scope = Scope::default();
        scope.names.borrow_mut().extend(context.iter().cloned());
        let mut out = String::new();
        self.root(template, &Rc::new(scope), self.syntax.autoescape, &mut out)?;
        Ok(out)
    }

    pub fn load(&self, name: &str) -> Res<Rc<Template>> {
        if let Some(template) = self.loaded.borrow().get(name) {
            return Ok(template.clone());
        }
        let Some(source) = (self.loader)(name) else {
            return Err(Fault::new("no-template", format!("there is no template `{name}`")));
        };
        let template = Rc::new(parse(name, &source, &self.syntax)?);
        self.loaded.borrow_mut().insert(name.to_string(), template.clone());
        Ok(template)
    }

    /// Renders a whole template, with those that it extends; returns its top level names.
    pub(super) fn root(
        &self,
        template: &Rc<Template>,
        scope: &Rc<Scope>,
        escape: bool,
        out: &mut String,
    ) -> Res<Rc<Scope>> {
        let saved = self.parent.take();
        let mut blocks: HashMap<Rc<str>, Vec<Definition>> = HashMap::new();
        let mut template = template.clone();
        let done = loop {
            for (name, body) in &template.blocks {
                blocks.entry(name.clone()).or_default().push((template.clone(), body.clone()));
            }
            let home = Rc::new(Home {
                template: template.clone(),
                root: scope.clone(),
                blocks: RefCell::new(blocks.clone()),
            });
            let state = State { home, scope: scope.clone(), autoescape: escape, block: None };
            let name = template.name.clone();
            let ran =
                self.deeper(|| self.run(&state, &template.body, out)).map_err(|fault| fault.within(&name));
            match (ran, self.parent.take()) {
                (Err(fault), _) => break Err(fault),
                (Ok(_), None) => break Ok(scope.clone()),
                (Ok(_), Some((parent, written))) => {
                    out.truncate(written);
                    template = parent;
                    if let Err(fault) = self.spend(100) {
                        break Err(fault);
                    }
                }
            }
        };
        self.parent.replace(saved);
        done
    }

    pub fn write(&self, out: &mut String, text: &str) -> Res<()> {
        if out.len() + text.len() > MOST_BYTES {
            return Err(Fault::too_long());
        }
        self.spend(text.len() as u64 / 64)?;
        out.push_str(text);
        Ok(())
    }

    pub fn run(&self, state: &State, body: &[Stmt], out: &mut String) -> Res<Flow> {
        for stmt in body {
            self.spend(1)?;
            let flow = self.statement(state, stmt, out).map_err(|fault| fault.at(&stmt.span))?;
            if flow != Flow::Next {
                return Ok(flow);
            }
        }
        Ok(Flow::Next)
    }

    /// Renders into a text of its own.
    pub(super) fn captured(&self, state: &State, body: &[Stmt]) -> Res<(Value, Flow)> {
        let mut out = String::new();
        let flow = self.deeper(|| self.run(state, body, &mut out))?;
        Ok((self.rendered(state, out), flow))
    }

    fn rendered(&self, state: &State, out: String) -> Value {
        if state.autoescape { Value::Safe(out.into()) } else { Value::Str(out.into()) }
    }

    pub(super) fn inner(state: &State) -> State {
        State { scope: Scope::within(&state.scope), ..state.clone() }
    }

    fn statement(&self, state: &State, stmt: &Stmt, out: &mut String) -> Res<Flow> {
        match &stmt.kind {
            StmtKind::Text(text) => self.write(out, text)?,
            StmtKind::Print(expr) => {
                let value = self.eval(state, expr)?;
                self.print(state, &value, out).map_err(|fault| fault.at(&expr.span))?;
            }
            StmtKind::If(branches, otherwise) => {
                for (condition, body) in branches {
                    let value = self.eval(state, condition)?;
                    if value.is_true().map_err(|fault| fault.at(&condition.span))? {
                        return self.deeper(|| self.run(state, body, out));
                    }
                }
                return self.deeper(|| self.run(state, otherwise, out));
            }
            StmtKind::For(node) => {
                let items = self.eval(state, &node.over)?;
                self.for_loop(node, state, &items, 0, out).map_err(|fault| fault.at(&node.over.span))?;
            }
            StmtKind::Set(target, expr) => {
                let value = self.eval(state, expr)?;
                self.assign(state, target, value)?;
            }
            StmtKind::SetBlock(target, filter, body) => {
                let (mut value, _) = self.captured(&Self::inner(state), body)?;
                if let Some(filter) = filter {
                    value = self.eval_filter(state, filter, Some(value))?;
                }
                self.assign(state, target, value)?;
            }
            StmtKind::With(set, body) => {
                let inner = Self::inner(state);
                for (target, expr) in set {
                    let value = self.eval(state, expr)?;
                    self.assign(&inner, target, value)?;
                }
                return self.deeper(|| self.run(&inner, body, out));
            }
            StmtKind::Macro(callee) => {
                let made = Macro { callee: callee.clone(), state: state.clone() };
                state.scope.set(&callee.name, Value::object(Object::Macro(made)));
            }
            StmtKind::CallBlock(call, callee) => {
                let caller =
                    Value::object(Object::Macro(Macro { callee: callee.clone(), state: state.clone() }));
                let value = self.eval_call(state, call, Some(caller))?;
                self.print(state, &value, out)?;
            }
            StmtKind::FilterBlock(filter, body) => {
                let (value, _) = self.captured(&Self::inner(state), body)?;
                let value = self.eval_filter(state, filter, Some(value))?;
                self.print(state, &value, out)?;
            }
            StmtKind::Block { name, scoped, required } => {
                let behind = self.parent.borrow().is_some() && state.block.is_none();
                if !behind {
                    self.block_in_place(state, name, *scoped, *required, out)?;
                }
            }
            StmtKind::Autoescape(on, body) => {
                let autoescape = self.eval(state, on)?.is_true()?;
                let inner = State { autoescape, ..Self::inner(state) };
                return self.deeper(|| self.run(&inner, body, out));
            }
            StmtKind::Do(expr) => drop(self.eval(state, expr)?),
            StmtKind::Break => return Ok(Flow::Break),
            StmtKind::Continue => return Ok(Flow::Continue),
            StmtKind::Now { zone, offset, format } => {
                let text = self.now_tag(state, zone, offset.as_ref(), format.as_ref())?;
                self.write(out, &text)?;
            }
            StmtKind::Extends(what) => {
                if self.parent.borrow().is_some() {
                    return Err(Fault::of("extended multiple times"));
                }
                let parent = self.load_one(state, what)?;
                self.parent.replace(Some((parent, out.len())));
            }
            StmtKind::Include { what, ignore_missing, context } => {
                self.include(state, what, *ignore_missing, *context, out)?;
            }
            StmtKind::Import { what, name, context } => {
                let module = self.module(state, what, *context)?;
                state.scope.set(name, module);
            }
            StmtKind::From { what, names, context } => self.import_names(state, what, names, *context)?,
            StmtKind::Nothing => {}
        }
        Ok(Flow::Next)
    }

    pub fn print(&self, state: &State, value: &Value, out: &mut String) -> Res<()> {
        match value {
            Value::Safe(text) => self.write(out, text),
            Value::Str(text) if !state.autoescape => self.write(out, text),
            other if state.autoescape => self.write(out, &escape(&repr::str(other)?)),
            other => self.write(out, &repr::str(other)?),
        }
    }

    fn assign(&self, state: &State, target: &Target, value: Value) -> Res<()> {
        match target {
            Target::Name(name) => state.scope.set(name, value),
            Target::Tuple(targets) => {
                let values = value.items()?;
                if values.len() != targets.len() {
                    let (few, most) = (targets.len(), values.len());
                    return Err(Fault::of(format!("{few} names, but {most} values to put into them")));
                }
                for (target, value) in targets.iter().zip(values) {
                    self.assign(state, target, value)?;
                }
            }
            Target::Attribute(name, attribute) => match self.lookup(state, name).there()? {
                Value::Object(object) if let Object::Namespace(names) = &**object => {
                    names.borrow_mut().set_str(attribute, value);
                }
                _ => return Err(Fault::of("cannot assign attribute on non-namespace object")),
            },
        }
        Ok(())
    }

    fn for_loop(
        &self,
        node: &Rc<For>,
        state: &State,
        over: &Value,
        depth0: usize,
        out: &mut String,
    ) -> Res<()> {
        let mut items = over.items()?;
        if let Some(filter) = &node.filter {
            let mut kept = vec![];
            for item in items {
                self.spend(1)?;
                let inner = Self::inner(state);
                self.assign(&inner, &node.target, item.clone())?;
                if self.eval(&inner, filter)?.is_true().map_err(|fault| fault.at(&filter.span))? {
                    kept.push(item);
                }
            }
            items = kept;
        }
        if items.is_empty() {
            return self.deeper(|| self.run(&Self::inner(state), &node.otherwise, out)).map(drop);
        }
        let again = Again { node: node.clone(), state: state.clone() };
        let items = Rc::new(items);
        let control = Rc::new(Object::Loop(Loop {
            items: items.clone(),
            index0: Cell::new(0),
            depth0,
            recursive: node.recursive,
            changed: RefCell::default(),
            again: node.recursive.then(|| Rc::new(again)),
        }));
        let name: Rc<str> = "loop".into();
        for (index, item) in items.iter().enumerate() {
            self.spend(1)?;
            if let Object::Loop(control) = &*control {
                control.index0.set(index);
            }
            let inner = Self::inner(state);
            inner.scope.set(&name, Value::Object(control.clone()));
            self.assign(&inner, &node.target, item.clone())?;
            if self.deeper(|| self.run(&inner, &node.body, out))? == Flow::Break {
                break;
            }
        }
        Ok(())
    }

    /// `loop(items)` in a recursive loop.
    pub fn again(&self, again: &Again, items: &Value, depth0: usize) -> Res<Value> {
        let mut out = String::new();
        self.deeper(|| self.for_loop(&again.node, &again.state, items, depth0, &mut out))?;
        Ok(self.rendered(&again.state, out))
    }

    fn block_in_place(
        &self,
        state: &State,
        name: &Rc<str>,
        scoped: bool,
        required: bool,
        out: &mut String,
    ) -> Res<()> {
        let around = if scoped { &state.scope } else { &state.home.root };
        let inner = State { scope: Scope::within(around), block: Some((name.clone(), 0)), ..state.clone() };
        let definition = state.home.blocks.borrow().get(name).and_then(|all| all.first().cloned());
        let Some((template, body)) = definition else { return Ok(()) };
        if required && Rc::ptr_eq(&template, &state.home.template) {
            return Err(Fault::of(format!("Required block '{name}' not found")));
        }
        self.deeper(|| self.run(&inner, &body, out)).map_err(|fault| fault.within(&template.name)).map(drop)
    }

    /// Renders a block as `super()` and `self.name()` do.
    pub fn block(&self, state: &State, name: &Rc<str>, depth: usize) -> Res<Value> {
        let definition = state.home.blocks.borrow().get(name).and_then(|all| all.get(depth).cloned());
        let Some((template, body)) = definition else {
            return Err(Fault::of(format!("there is no parent block called '{name}'.")));
        };
        let scope = Scope::within(&state.home.root);
        let inner = State { scope, block: Some((name.clone(), depth)), ..state.clone() };
        let rendered = self.captured(&inner, &body).map_err(|fault| fault.within(&template.name))?;
        Ok(rendered.0)
    }

    /// What `a ~ b` gives.
    pub fn concat(&self, state: &State, parts: &[Value]) -> Res<Value> {
        let safe = state.autoescape && parts.iter().any(|part| matches!(part, Value::Safe(_)));
        let mut out = String::new();
        for part in parts {
            match part {
                Value::Safe(text) => self.write(&mut out, text)?,
                other if safe => self.write(&mut out, &escape(&repr::str(other)?))?,
                other => self.write(&mut out, &repr::str(other)?)?,
            }
        }
        Ok(if safe { Value::Safe(out.into()) } else { Value::Str(out.into()) })
    }

    /// What two values have in common: the operators need the limits.
    pub fn binary(&self, operator: super::ast::Operator, left: &Value, right: &Value) -> Res<Value> {
        ops::binary(self, operator, left, right)
    }
}
