//! Expressions of templates.

use std::rc::Rc;

use super::ast::{Arguments, Comparison, Expr, Kind, Operator};
use super::fault::{Fault, Res};
use super::lexer::Token;
use super::parser::Parser;
use super::value::Value;

impl Parser<'_> {
    pub(super) fn expression(&mut self) -> Res<Expr> {
        self.deeper(Parser::conditional)
    }

    /// An expression, or several with commas.
    pub(super) fn tuple(&mut self) -> Res<Expr> {
        self.several(Parser::expression)
    }

    pub(super) fn tuple_without_if(&mut self) -> Res<Expr> {
        self.several(|parser| parser.deeper(Parser::or))
    }

    fn several(&mut self, mut one: impl FnMut(&mut Self) -> Res<Expr>) -> Res<Expr> {
        let start = self.span().start;
        let first = one(self)?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut items = vec![first];
        while self.skip_op(",") {
            if self.ends_tuple() {
                break;
            }
            items.push(one(self)?);
        }
        Ok(self.expr(start, Kind::Tuple(items)))
    }

    fn ends_tuple(&self) -> bool {
        matches!(self.peek(), None | Some(Token::VariableEnd | Token::BlockEnd | Token::Op(")")))
            || ["if", "recursive", "in"].iter().any(|name| self.is_name(name))
    }

    fn expr(&self, start: usize, kind: Kind) -> Expr {
        Expr { kind, span: start..self.last_end() }
    }

    fn conditional(&mut self) -> Res<Expr> {
        let start = self.span().start;
        let mut value = self.or()?;
        while self.skip_name("if") {
            let condition = self.or()?;
            let otherwise = if self.skip_name("else") { Some(Box::new(self.expression()?)) } else { None };
            value = self.expr(start, Kind::If(Box::new(condition), Box::new(value), otherwise));
        }
        Ok(value)
    }

    fn or(&mut self) -> Res<Expr> {
        let start = self.span().start;
        let mut left = self.and()?;
        while self.skip_name("or") {
            let right = self.and()?;
            left = self.expr(start, Kind::Or(Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn and(&mut self) -> Res<Expr> {
        let start = self.span().start;
        let mut left = self.not()?;
        while self.skip_name("and") {
            let right = self.not()?;
            left = self.expr(start, Kind::And(Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn not(&mut self) -> Res<Expr> {
        let start = self.span().start;
        if self.skip_name("not") {
            let value = self.deeper(Parser::not)?;
            return Ok(self.expr(start, Kind::Not(Box::new(value))));
        }
        self.comparison()
    }

    fn comparison(&mut self) -> Res<Expr> {
        let start = self.span().start;
        let first = self.sum()?;
        let mut rest = vec![];
        loop {
            let comparison = match self.peek() {
                Some(Token::Op("==")) => Comparison::Equal,
                Some(Token::Op("!=")) => Comparison::NotEqual,
                Some(Token::Op("<")) => Comparison::Less,
                Some(Token::Op("<=")) => Comparison::LessEqual,
                Some(Token::Op(">")) => Comparison::Greater,
                Some(Token::Op(">=")) => Comparison::GreaterEqual,
                Some(Token::Name(name)) if name == "in" => Comparison::In,
                Some(Token::Name(name)) if name == "not" => match self.peek_behind() {
                    Some(Token::Name(name)) if name == "in" => {
                        self.at += 1;
                        Comparison::NotIn
                    }
                    _ => break,
                },
                _ => break,
            };
            self.at += 1;
            rest.push((comparison, self.sum()?));
        }
        if rest.is_empty() { Ok(first) } else { Ok(self.expr(start, Kind::Compare(Box::new(first), rest))) }
    }

    fn left_to_right(
        &mut self,
        operators: &[(&str, Operator)],
        mut one: impl FnMut(&mut Self) -> Res<Expr>,
    ) -> Res<Expr> {
        let start = self.span().start;
        let mut left = one(self)?;
        let mut length = 0;
        while let Some((op, operator)) = operators.iter().find(|(op, _)| self.is_op(op)) {
            self.skip_op(op);
            length += 1;
            if length > 200 {
                return Err(Fault::syntax("too many operators in one expression", self.span()));
            }
            let right = one(self)?;
            left = self.expr(start, Kind::Binary(*operator, Box::new(left), Box::new(right)));
        }
        Ok(left)
    }

    fn sum(&mut self) -> Res<Expr> {
        self.left_to_right(&[("+", Operator::Add), ("-", Operator::Sub)], Parser::concat)
    }

    fn concat(&mut self) -> Res<Expr> {
        let start = self.span().start;
        let first = self.product()?;
        if !self.is_op("~") {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.skip_op("~") {
            parts.push(self.product()?);
        }
        Ok(self.expr(start, Kind::Concat(parts)))
    }

    fn product(&mut self) -> Res<Expr> {
        let operators =
            [("*", Operator::Mul), ("/", Operator::Div), ("//", Operator::FloorDiv), ("%", Operator::Mod)];
        self.left_to_right(&operators, Parser::power)
    }

    /// A sign binds closer than a power: `-2 ** 2` is 4.
    fn power(&mut self) -> Res<Expr> {
        self.left_to_right(&[("**", Operator::Pow)], |parser| parser.unary(true))
    }

    fn unary(&mut self, with_filter: bool) -> Res<Expr> {
        let start = self.span().start;
        let mut value = if self.skip_op("-") {
            let value = self.deeper(|parser| parser.unary(false))?;
            self.expr(start, Kind::Negative(Box::new(value)))
        } else if self.skip_op("+") {
            let value = self.deeper(|parser| parser.unary(false))?;
            self.expr(start, Kind::Positive(Box::new(value)))
        } else {
            self.primary()?
        };
        value = self.postfix(value, start)?;
        if with_filter { self.filtered(value, start) } else { Ok(value) }
    }

    fn primary(&mut self) -> Res<Expr> {
        let start = self.span().start;
        let kind = match self.peek() {
            Some(Token::Name(name)) => {
                let kind = match name.as_str() {
                    "true" | "True" => Kind::Const(Value::Bool(true)),
                    "false" | "False" => Kind::Const(Value::Bool(false)),
                    "none" | "None" => Kind::Const(Value::None),
                    name => Kind::Name(name.into()),
                };
                self.at += 1;
                kind
            }
            Some(Token::Str(_)) => {
                let mut text = String::new();
                while let Some(Token::Str(part)) = self.peek() {
                    text.push_str(part);
                    self.at += 1;
                }
                Kind::Const(Value::text(text))
            }
            Some(Token::Int(number)) => {
                let kind = Kind::Const(Value::Int(*number));
                self.at += 1;
                kind
            }
            Some(Token::Float(number)) => {
                let kind = Kind::Const(Value::Float(*number));
                self.at += 1;
                kind
            }
            Some(Token::Op("(")) => {
                self.at += 1;
                if self.skip_op(")") {
                    return Ok(self.expr(start, Kind::Tuple(vec![])));
                }
                let inner = self.deeper(Parser::tuple)?;
                self.expect_op(")")?;
                return Ok(self.expr(start, inner.kind));
            }
            Some(Token::Op("[")) => {
                self.at += 1;
                let mut items = vec![];
                while !self.is_op("]") {
                    if !items.is_empty() {
                        self.expect_op(",")?;
                    }
                    if self.is_op("]") {
                        break;
                    }
                    items.push(self.expression()?);
                }
                self.expect_op("]")?;
                Kind::List(items)
            }
            Some(Token::Op("{")) => {
                self.at += 1;
                let mut items = vec![];
                while !self.is_op("}") {
                    if !items.is_empty() {
                        self.expect_op(",")?;
                    }
                    if self.is_op("}") {
                        break;
                    }
                    let key = self.expression()?;
                    self.expect_op(":")?;
                    items.push((key, self.expression()?));
                }
                self.expect_op("}")?;
                Kind::Dict(items)
            }
            _ => return self.unexpected("an expression"),
        };
        Ok(self.expr(start, kind))
    }

    /// Attributes, items and calls behind a value.
    fn postfix(&mut self, mut value: Expr, start: usize) -> Res<Expr> {
        let mut length = 0;
        loop {
            length += 1;
            if length > 200 {
                return Err(Fault::syntax("too many attributes in one expression", self.span()));
            }
            if self.skip_op(".") {
                let kind = match self.peek() {
                    Some(Token::Name(name)) => Kind::Attribute(Box::new(value), name.as_str().into()),
                    Some(Token::Int(index)) => {
                        let index = Value::Int(*index);
                        let span = self.span();
                        Kind::Item(Box::new(value), Box::new(Expr { kind: Kind::Const(index), span }))
                    }
                    _ => return self.unexpected("a name or a number"),
                };
                self.at += 1;
                value = self.expr(start, kind);
            } else if self.skip_op("[") {
                let kind = self.subscript(value)?;
                value = self.expr(start, kind);
            } else if self.is_op("(") {
                let arguments = self.arguments()?;
                value = self.expr(start, Kind::Call(Box::new(value), arguments));
            } else {
                return Ok(value);
            }
        }
    }

    fn subscript(&mut self, value: Expr) -> Res<Kind> {
        let start = self.span().start;
        let mut items = vec![];
        loop {
            items.push(self.one_subscript()?);
            if !self.skip_op(",") {
                break;
            }
        }
        self.expect_op("]")?;
        let value = Box::new(value);
        match items.pop() {
            Some(Subscript::Slice(parts)) if items.is_empty() => Ok(Kind::Slice(value, parts)),
            Some(Subscript::Index(index)) if items.is_empty() => Ok(Kind::Item(value, Box::new(index))),
            last => {
                let all = items.into_iter().chain(last).map(|item| match item {
                    Subscript::Index(index) => Ok(index),
                    Subscript::Slice(_) => Err(Fault::syntax("no slice can be here", start..self.last_end())),
                });
                let key = all.collect::<Res<Vec<_>>>()?;
                Ok(Kind::Item(value, Box::new(self.expr(start, Kind::Tuple(key)))))
            }
        }
    }

    fn one_subscript(&mut self) -> Res<Subscript> {
        let over = |parser: &Self| [":", "]", ","].iter().any(|op| parser.is_op(op));
        let mut parts = [None, None, None];
        if !self.is_op(":") {
            let first = self.expression()?;
            if !self.is_op(":") {
                return Ok(Subscript::Index(first));
            }
            parts[0] = Some(Box::new(first));
        }
        self.expect_op(":")?;
        if !over(self) {
            parts[1] = Some(Box::new(self.expression()?));
        }
        if self.skip_op(":") && !over(self) {
            parts[2] = Some(Box::new(self.expression()?));
        }
        Ok(Subscript::Slice(parts))
    }

    pub(super) fn arguments(&mut self) -> Res<Arguments> {
        self.expect_op("(")?;
        let mut arguments = Arguments::default();
        let mut first = true;
        while !self.is_op(")") {
            if !std::mem::take(&mut first) {
                self.expect_op(",")?;
                if self.is_op(")") {
                    break;
                }
            }
            if self.skip_op("**") {
                arguments.more_named = Some(Box::new(self.expression()?));
            } else if self.skip_op("*") {
                arguments.more = Some(Box::new(self.expression()?));
            } else if let Some(Token::Name(name)) = self.peek()
                && let name = Rc::from(name.as_str())
                && matches!(self.peek_behind(), Some(Token::Op("=")))
            {
                self.at += 2;
                arguments.named.push((name, self.expression()?));
            } else {
                if !arguments.named.is_empty() || arguments.more_named.is_some() {
                    return Err(Fault::syntax("an argument without a name after one with", self.span()));
                }
                arguments.positional.push(self.expression()?);
            }
        }
        self.expect_op(")")?;
        Ok(arguments)
    }

    /// Filters, tests and calls behind a value.
    fn filtered(&mut self, mut value: Expr, start: usize) -> Res<Expr> {
        loop {
            if self.is_op("|") {
                value = self.filters(Some(value))?;
            } else if self.is_name("is") {
                value = self.test(value, start)?;
            } else if self.is_op("(") {
                let arguments = self.arguments()?;
                value = self.expr(start, Kind::Call(Box::new(value), arguments));
            } else {
                return Ok(value);
            }
        }
    }

    /// `|a|b(c)` behind a value, or behind nothing.
    pub(super) fn filters(&mut self, mut value: Option<Expr>) -> Res<Expr> {
        self.expect_op("|")?;
        loop {
            let start = self.span().start;
            value = Some(self.one_filter(value, start)?);
            if !self.skip_op("|") {
                break;
            }
        }
        value.map_or_else(|| self.unexpected("a filter"), Ok)
    }

    /// `a|b(c)`, as a filter block has it.
    pub(super) fn filters_inline(&mut self) -> Res<Expr> {
        let start = self.span().start;
        let first = self.one_filter(None, start)?;
        if self.is_op("|") { self.filters(Some(first)) } else { Ok(first) }
    }

    fn one_filter(&mut self, value: Option<Expr>, start: usize) -> Res<Expr> {
        let name = self.dotted_name()?;
        let arguments = if self.is_op("(") { self.arguments()? } else { Arguments::default() };
        let filter = Kind::Filter(value.map(Box::new), name, arguments);
        Ok(self.expr(start, filter))
    }

    fn dotted_name(&mut self) -> Res<Rc<str>> {
        let mut name = self.name()?;
        while self.skip_op(".") {
            name = format!("{name}.{}", self.name()?).into();
        }
        Ok(name)
    }

    fn test(&mut self, value: Expr, start: usize) -> Res<Expr> {
        self.skip_name("is");
        let negated = self.skip_name("not");
        let name = self.dotted_name()?;
        let mut arguments = Arguments::default();
        if self.is_op("(") {
            arguments = self.arguments()?;
        } else {
            let reserved = |name: &str| matches!(name, "else" | "or" | "and" | "is" | "if" | "not" | "in");
            let begins = match self.peek() {
                Some(Token::Name(name)) => !reserved(name) && name != "recursive",
                Some(Token::Str(_) | Token::Int(_) | Token::Float(_)) => true,
                Some(Token::Op(op)) => matches!(*op, "[" | "{"),
                _ => false,
            };
            if begins {
                let inner = self.span().start;
                let argument = self.primary()?;
                arguments.positional.push(self.postfix(argument, inner)?);
            }
        }
        let mut value = self.expr(start, Kind::Test(Box::new(value), name, arguments));
        if negated {
            value = self.expr(start, Kind::Not(Box::new(value)));
        }
        Ok(value)
    }
}

enum Subscript {
    Index(Expr),
    Slice([Option<Box<Expr>>; 3]),
}
