//! Resolution of loop variables, arguments and macros to slots, before a template runs.
//!
//! Such names have slots of their own; every other is looked up in the scopes when it is met.
//! Follows the portal's engine closely, since macros declared in branches and names used before they are bound show
//! differences.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;
use std::sync::Arc;

use super::ast::{Body, Caller, Expr, ExprKind, Identifier, Signature, Statement, StatementKind};
use super::fault::{Fault, Outcome};

/// Plan of one region: a frame, or the body of a loop.
#[derive(Default)]
pub struct Plan {
    slots: HashMap<usize, usize>,
    frames: HashMap<usize, Rc<FramePlan>>,
    loops: HashMap<usize, LoopPlan>,
}

/// Slots of a macro, a caller, a block or the template itself.
pub struct FramePlan {
    pub slots: Vec<usize>,
    pub plan: Rc<Plan>,
}

/// A loop's regions: its body is planned for lists and for objects where it has several names.
pub struct LoopPlan {
    pub length: usize,
    pub list: Rc<Plan>,
    pub record: Rc<Plan>,
}

impl Plan {
    pub fn slot(&self, id: usize) -> Option<usize> {
        self.slots.get(&id).copied()
    }

    pub fn frame(&self, id: usize) -> Option<&Rc<FramePlan>> {
        self.frames.get(&id)
    }

    pub fn of_loop(&self, id: usize) -> Option<&LoopPlan> {
        self.loops.get(&id)
    }
}

/// Maximum number of visited parts and of names passed to them; loops with several names are planned twice.
const VISITS: usize = 2_000_000;

/// Plans a whole template.
pub fn plan(body: &Body) -> Outcome<FramePlan> {
    let mut planner = Planner { next: 0, visits: 0 };
    let mut state = State::new(HashMap::new());
    planner.body(body, &mut state)?;
    Ok(state.frame())
}

struct Planner {
    next: usize,
    visits: usize,
}

struct State {
    slots: Rc<RefCell<Vec<usize>>>,
    plan: Plan,
    bindings: HashMap<Arc<str>, usize>,
}

impl State {
    fn new(bindings: HashMap<Arc<str>, usize>) -> State {
        State { slots: Rc::default(), plan: Plan::default(), bindings }
    }

    /// A part of the same frame, with what is bound so far.
    fn region(&self, visits: &mut usize) -> State {
        *visits += self.bindings.len();
        State { slots: Rc::clone(&self.slots), plan: Plan::default(), bindings: self.bindings.clone() }
    }

    fn frame(self) -> FramePlan {
        FramePlan { slots: self.slots.borrow().clone(), plan: Rc::new(self.plan) }
    }

    fn uses(&mut self, id: usize, name: &str) {
        if let Some(slot) = self.bindings.get(name) {
            self.plan.slots.insert(id, *slot);
        }
    }
}

impl Planner {
    fn slot(&mut self, state: &State) -> usize {
        self.next += 1;
        state.slots.borrow_mut().push(self.next);
        self.next
    }

    fn bind(&mut self, name: &Identifier, state: &mut State) -> usize {
        let slot = self.slot(state);
        state.bindings.insert(Arc::clone(&name.name), slot);
        state.plan.slots.insert(name.id, slot);
        slot
    }

    fn visit(&mut self) -> Outcome<()> {
        self.visits += 1;
        if self.visits > VISITS {
            return Err(Box::new(Fault::of(
                "endless",
                "too many loops lie in one another, or too many macros beside one another",
            )));
        }
        Ok(())
    }

    fn body(&mut self, body: &Body, state: &mut State) -> Outcome<()> {
        body.iter().try_for_each(|statement| self.statement(statement, state))
    }

    fn statement(&mut self, statement: &Statement, state: &mut State) -> Outcome<()> {
        self.visit()?;
        match &statement.kind {
            StatementKind::Text(_) => {}
            StatementKind::Output(value) => self.expr(value, state)?,
            StatementKind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    self.expr(condition, state)?;
                    self.body(body, state)?;
                }
                otherwise.iter().try_for_each(|body| self.body(body, state))?;
            }
            StatementKind::For { targets, of, body, otherwise } => {
                self.expr(of, state)?;
                let loop_plan = self.plan_loop(targets, body, otherwise.as_ref(), state)?;
                state.plan.loops.insert(statement.id, loop_plan);
            }
            StatementKind::Set { targets, value } => {
                self.expr(value, state)?;
                targets.iter().for_each(|target| state.uses(target.id, &target.name));
            }
            StatementKind::SetBlock { targets, body } => {
                self.body(body, state)?;
                targets.iter().for_each(|target| state.uses(target.id, &target.name));
            }
            StatementKind::Macro { name, signature, body } => {
                self.bind(name, state);
                let frame = self.callable(signature, body, HashMap::new())?;
                state.plan.frames.insert(statement.id, Rc::new(frame));
            }
            StatementKind::Call { of, arguments, caller } => {
                self.expr(of, state)?;
                for value in arguments.plain.iter().chain(arguments.named.iter().map(|(_, value)| value)) {
                    self.expr(value, state)?;
                }
                let Caller { id, signature, body } = caller;
                let frame = self.callable(signature, body, state.bindings.clone())?;
                state.plan.frames.insert(*id, Rc::new(frame));
            }
            StatementKind::Block { body } => {
                let mut inner = State::new(HashMap::new());
                self.body(body, &mut inner)?;
                state.plan.frames.insert(statement.id, Rc::new(inner.frame()));
            }
            StatementKind::Switch { value, cases, otherwise } => {
                self.expr(value, state)?;
                for (condition, body) in cases {
                    self.expr(condition, state)?;
                    self.body(body, state)?;
                }
                otherwise.iter().try_for_each(|body| self.body(body, state))?;
            }
        }
        Ok(())
    }

    fn plan_loop(
        &mut self,
        targets: &[Identifier],
        body: &Body,
        otherwise: Option<&Body>,
        state: &mut State,
    ) -> Outcome<LoopPlan> {
        let length = self.slot(state);
        let mut list = state.region(&mut self.visits);
        for target in targets {
            self.bind(target, &mut list);
        }
        self.body(body, &mut list)?;
        if targets.len() == 1 {
            otherwise.iter().try_for_each(|body| self.body(body, &mut list))?;
            let list = Rc::new(list.plan);
            return Ok(LoopPlan { length, record: Rc::clone(&list), list });
        }
        let mut record = list.region(&mut self.visits);
        for target in targets.iter().take(2) {
            self.bind(target, &mut record);
        }
        self.body(body, &mut record)?;
        otherwise.iter().try_for_each(|body| self.body(body, &mut record))?;
        Ok(LoopPlan { length, list: Rc::new(list.plan), record: Rc::new(record.plan) })
    }

    fn callable(
        &mut self,
        signature: &Signature,
        body: &Body,
        bindings: HashMap<Arc<str>, usize>,
    ) -> Outcome<FramePlan> {
        self.visits += bindings.len();
        let mut state = State::new(bindings);
        let mut own: HashMap<Arc<str>, usize> = HashMap::new();
        for named in &signature.plain {
            match own.get(&named.name) {
                Some(slot) => {
                    state.plan.slots.insert(named.id, *slot);
                }
                None => {
                    let slot = self.bind(named, &mut state);
                    own.insert(Arc::clone(&named.name), slot);
                }
            }
        }
        for (_, value) in &signature.named {
            self.expr(value, &mut state)?;
        }
        self.body(body, &mut state)?;
        Ok(state.frame())
    }

    fn expr(&mut self, expr: &Expr, state: &mut State) -> Outcome<()> {
        self.visit()?;
        match &expr.kind {
            ExprKind::Null
            | ExprKind::Bool(_)
            | ExprKind::Number(_)
            | ExprKind::Text(_)
            | ExprKind::Regex(_) => Ok(()),
            ExprKind::Name(name) => {
                state.uses(expr.id, name);
                Ok(())
            }
            ExprKind::Capture(body) => self.body(body, state),
            ExprKind::List(items) | ExprKind::Group(items) => {
                items.iter().try_for_each(|item| self.expr(item, state))
            }
            ExprKind::Object(entries) => entries.iter().try_for_each(|(_, value)| self.expr(value, state)),
            ExprKind::Member { of: a, key: b }
            | ExprKind::Or(a, b)
            | ExprKind::And(a, b)
            | ExprKind::Binary(_, a, b)
            | ExprKind::In(a, b)
            | ExprKind::Is { value: a, test: b } => {
                self.expr(a, state)?;
                self.expr(b, state)
            }
            ExprKind::Slice { start, stop, step } => {
                [start, stop, step].into_iter().flatten().try_for_each(|part| self.expr(part, state))
            }
            ExprKind::If { condition, then, otherwise } => {
                self.expr(condition, state)?;
                self.expr(then, state)?;
                otherwise.iter().try_for_each(|other| self.expr(other, state))
            }
            ExprKind::Not(inner)
            | ExprKind::Negative(inner)
            | ExprKind::Positive(inner)
            | ExprKind::Floor(inner) => self.expr(inner, state),
            ExprKind::Compare(first, others) => {
                self.expr(first, state)?;
                others.iter().try_for_each(|(_, other)| self.expr(other, state))
            }
            ExprKind::Filter { input: of, arguments, .. } | ExprKind::Call { of, arguments } => {
                self.expr(of, state)?;
                let named = arguments.named.iter().map(|(_, value)| value);
                arguments.plain.iter().chain(named).try_for_each(|value| self.expr(value, state))
            }
        }
    }
}
