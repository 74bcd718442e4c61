//! Templates as they are understood.

use std::ops::Range;
use std::rc::Rc;

use super::value::Value;

pub type Span = Range<usize>;

/// An expression and where it stands.
pub struct Expr {
    pub kind: Kind,
    pub span: Span,
}

pub enum Kind {
    Const(Value),
    Name(Rc<str>),
    List(Vec<Expr>),
    Tuple(Vec<Expr>),
    Dict(Vec<(Expr, Expr)>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Positive(Box<Expr>),
    Binary(Operator, Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Vec<(Comparison, Expr)>),
    Concat(Vec<Expr>),
    If(Box<Expr>, Box<Expr>, Option<Box<Expr>>),
    Attribute(Box<Expr>, Rc<str>),
    Item(Box<Expr>, Box<Expr>),
    Slice(Box<Expr>, [Option<Box<Expr>>; 3]),
    Call(Box<Expr>, Arguments),
    /// Of nothing, it is a filter block's, and what it filters comes from there.
    Filter(Option<Box<Expr>>, Rc<str>, Arguments),
    Test(Box<Expr>, Rc<str>, Arguments),
}

#[derive(Default)]
pub struct Arguments {
    pub positional: Vec<Expr>,
    pub named: Vec<(Rc<str>, Expr)>,
    pub more: Option<Box<Expr>>,
    pub more_named: Option<Box<Expr>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Add,
    Sub,
    Mul,
    Div,
    FloorDiv,
    Mod,
    Pow,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    In,
    NotIn,
}

/// What a value is put into.
pub enum Target {
    Name(Rc<str>),
    Tuple(Vec<Target>),
    /// `ns.name`.
    Attribute(Rc<str>, Rc<str>),
}

pub struct Parameters {
    pub names: Vec<Rc<str>>,
    /// Of the last so many of them.
    pub defaults: Vec<Expr>,
    /// Whether the body asks for `varargs`, `kwargs`, `caller`: others are not taken.
    pub varargs: bool,
    pub kwargs: bool,
    pub caller: bool,
}

pub struct Callee {
    pub name: Rc<str>,
    pub parameters: Parameters,
    pub body: Vec<Stmt>,
}

pub struct Stmt {
    pub kind: StmtKind,
    pub span: Span,
}

pub enum StmtKind {
    Text(Rc<str>),
    Print(Expr),
    If(Vec<(Expr, Vec<Stmt>)>, Vec<Stmt>),
    For(Rc<For>),
    Set(Target, Expr),
    SetBlock(Target, Option<Expr>, Vec<Stmt>),
    With(Vec<(Target, Expr)>, Vec<Stmt>),
    Macro(Rc<Callee>),
    CallBlock(Expr, Rc<Callee>),
    FilterBlock(Expr, Vec<Stmt>),
    Block {
        name: Rc<str>,
        scoped: bool,
        required: bool,
    },
    Extends(Expr),
    Include {
        what: Expr,
        ignore_missing: bool,
        context: bool,
    },
    Import {
        what: Expr,
        name: Rc<str>,
        context: bool,
    },
    From {
        what: Expr,
        names: Vec<(Rc<str>, Rc<str>)>,
        context: bool,
    },
    Autoescape(Expr, Vec<Stmt>),
    Do(Expr),
    Break,
    Continue,
    /// `{% now zone + 'days=1', format %}`.
    Now {
        zone: Expr,
        offset: Option<(char, Expr)>,
        format: Option<Expr>,
    },
    Nothing,
}

pub struct For {
    pub target: Target,
    pub over: Expr,
    pub filter: Option<Expr>,
    pub body: Vec<Stmt>,
    pub otherwise: Vec<Stmt>,
    pub recursive: bool,
}

/// A whole template.
pub struct Template {
    pub name: Rc<str>,
    pub body: Vec<Stmt>,
    pub blocks: Vec<(Rc<str>, Rc<Vec<Stmt>>)>,
}
