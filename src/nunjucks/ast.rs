//! Syntax tree of a template.

use std::ops::Range;
use std::sync::Arc;

use super::regex::Regex;

pub type Span = Range<usize>;

pub struct Expr {
    /// Of its template alone; what stands for which variable is noted by it.
    pub id: usize,
    pub span: Span,
    /// Levels of expressions in it.
    pub height: usize,
    pub kind: ExprKind,
}

pub enum ExprKind {
    Null,
    Bool(bool),
    Number(f64),
    Text(Arc<str>),
    Regex(Arc<Regex>),
    Name(Arc<str>),
    List(Vec<Expr>),
    /// `(a, b)`: the last of them.
    Group(Vec<Expr>),
    Object(Vec<(Arc<str>, Expr)>),
    Member {
        of: Box<Expr>,
        key: Box<Expr>,
    },
    /// `[start:stop:step]`, as the key of a member.
    Slice {
        start: Option<Box<Expr>>,
        stop: Option<Box<Expr>>,
        step: Option<Box<Expr>>,
    },
    If {
        condition: Box<Expr>,
        then: Box<Expr>,
        otherwise: Option<Box<Expr>>,
    },
    Or(Box<Expr>, Box<Expr>),
    And(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negative(Box<Expr>),
    Positive(Box<Expr>),
    Floor(Box<Expr>),
    Binary(Binary, Box<Expr>, Box<Expr>),
    Compare(Box<Expr>, Vec<(Compare, Expr)>),
    In(Box<Expr>, Box<Expr>),
    Is {
        value: Box<Expr>,
        test: Box<Expr>,
    },
    Filter {
        name: Identifier,
        input: Box<Expr>,
        arguments: Arguments,
    },
    Call {
        of: Box<Expr>,
        arguments: Arguments,
    },
    /// The output of a block as a text.
    Capture(Body),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Binary {
    Add,
    Concat,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Compare {
    Equal,
    Same,
    Unequal,
    Different,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
}

/// A name in the template.
pub struct Identifier {
    pub id: usize,
    pub name: Arc<str>,
    pub span: Span,
}

#[derive(Default)]
pub struct Arguments {
    pub plain: Vec<Expr>,
    pub named: Vec<(Identifier, Expr)>,
}

/// Parameters of a macro.
#[derive(Default)]
pub struct Signature {
    pub plain: Vec<Identifier>,
    pub named: Vec<(Identifier, Expr)>,
}

pub type Body = Vec<Statement>;

pub struct Statement {
    pub id: usize,
    pub span: Span,
    pub kind: StatementKind,
}

pub enum StatementKind {
    Text(String),
    Output(Expr),
    /// Conditions in turn, and what else.
    If {
        branches: Vec<(Expr, Body)>,
        otherwise: Option<Body>,
    },
    For {
        targets: Vec<Identifier>,
        of: Expr,
        body: Body,
        otherwise: Option<Body>,
    },
    Set {
        targets: Vec<Identifier>,
        value: Expr,
    },
    /// The text that a body writes.
    SetBlock {
        targets: Vec<Identifier>,
        body: Body,
    },
    Macro {
        name: Identifier,
        signature: Signature,
        body: Body,
    },
    /// The call, and the macro that is its `caller`.
    Call {
        of: Expr,
        arguments: Arguments,
        caller: Caller,
    },
    Block {
        body: Body,
    },
    Switch {
        value: Expr,
        cases: Vec<(Expr, Body)>,
        otherwise: Option<Body>,
    },
}

pub struct Caller {
    pub id: usize,
    pub signature: Signature,
    pub body: Body,
}
