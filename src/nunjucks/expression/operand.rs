//! Reads operands: values, lists, objects, brackets, and what follows them (`.name`, `[…]`, `(…)`).

use std::sync::Arc;

use super::{Parser, check_name};
use crate::ast::{Arguments, Expr, ExprKind, Span};
use crate::fault::{Fault, Outcome};
use crate::token::Token;

impl Parser<'_, '_> {
    pub(super) fn postfix(&mut self) -> Outcome<Expr> {
        let mut of = self.primary()?;
        loop {
            let start = of.span.start;
            if self.take_sign(".") {
                let name = self.name()?;
                let key = self.make(name.span.clone(), 0, ExprKind::Text(name.name))?;
                of = self.member(of, key)?;
            } else if self.take_sign("[") {
                let key = self.nest(Self::subscript)?;
                self.expect("]")?;
                if let ExprKind::Text(name) = &key.kind {
                    check_name(name, &key.span)?;
                }
                of = self.member(of, key)?;
            } else if self.take_sign("(") {
                let arguments = self.nest(Self::arguments)?;
                let height = arguments.height().max(of.height);
                let span = start..self.last_end();
                of = self.make(span, height, ExprKind::Call { of: Box::new(of), arguments })?;
            } else {
                return Ok(of);
            }
        }
    }

    fn member(&mut self, of: Expr, key: Expr) -> Outcome<Expr> {
        let span = of.span.start..self.last_end();
        let height = of.height.max(key.height);
        self.make(span, height, ExprKind::Member { of: Box::new(of), key: Box::new(key) })
    }

    fn subscript(&mut self) -> Outcome<Expr> {
        let span = self.span();
        let mut parts: [Option<Box<Expr>>; 3] = [None, None, None];
        if !self.is_sign(":") && !self.is_sign("]") {
            parts[0] = Some(Box::new(self.inline_if()?));
        }
        if !self.take_sign(":") {
            return match parts[0].take() {
                Some(key) => Ok(*key),
                None => Fault::syntax(span, "something is to stand in these brackets"),
            };
        }
        if !self.is_sign(":") && !self.is_sign("]") {
            parts[1] = Some(Box::new(self.inline_if()?));
        }
        if self.take_sign(":") && !self.is_sign("]") {
            parts[2] = Some(Box::new(self.inline_if()?));
        }
        let height = parts.iter().flatten().map(|part| part.height).max().unwrap_or(0);
        let [start, stop, step] = parts;
        self.make(span.start..self.last_end(), height, ExprKind::Slice { start, stop, step })
    }

    fn primary(&mut self) -> Outcome<Expr> {
        let spanned = self.peek(0).clone();
        let span = spanned.span;
        let kind = match spanned.token {
            Token::Number(number) => ExprKind::Number(number),
            Token::Text(text) => ExprKind::Text(text.into()),
            Token::Regex(regex) => ExprKind::Regex(regex),
            Token::Name("true") => ExprKind::Bool(true),
            Token::Name("false") => ExprKind::Bool(false),
            Token::Name("none" | "null") => ExprKind::Null,
            Token::Name(name) => {
                check_name(name, &span)?;
                ExprKind::Name(name.into())
            }
            Token::Sign("(") => return self.group(span),
            Token::Sign("[") => return self.list(span),
            Token::Sign("{") => return self.object(span),
            Token::Sign(sign) => return Fault::syntax(span, format!("`{sign}` doesn't belong here")),
            Token::End => return Fault::syntax(span, "something is missing here"),
        };
        self.at += 1;
        self.make(span, 0, kind)
    }

    fn group(&mut self, span: Span) -> Outcome<Expr> {
        self.at += 1;
        let items = self.nest(|parser| parser.items(")"))?;
        if items.is_empty() {
            return Fault::syntax(span, "something is to stand in these brackets");
        }
        let height = items.iter().map(|item| item.height).max().unwrap_or(0);
        self.make(span.start..self.last_end(), height, ExprKind::Group(items))
    }

    fn list(&mut self, span: Span) -> Outcome<Expr> {
        self.at += 1;
        let items = self.nest(|parser| parser.items("]"))?;
        let height = items.iter().map(|item| item.height).max().unwrap_or(0);
        self.make(span.start..self.last_end(), height, ExprKind::List(items))
    }

    fn object(&mut self, span: Span) -> Outcome<Expr> {
        self.at += 1;
        let entries = self.nest(Self::entries)?;
        let height = entries.iter().map(|(_, value)| value.height).max().unwrap_or(0);
        self.make(span.start..self.last_end(), height, ExprKind::Object(entries))
    }

    fn entries(&mut self) -> Outcome<Vec<(Arc<str>, Expr)>> {
        let mut entries = vec![];
        if self.take_sign("}") {
            return Ok(entries);
        }
        loop {
            let spanned = self.peek(0).clone();
            let name: Arc<str> = match spanned.token {
                Token::Name(name) if !matches!(name, "true" | "false" | "null" | "none") => name.into(),
                Token::Text(text) => text.into(),
                _ => return Fault::syntax(spanned.span, "a name or a text in quotes is to stand here"),
            };
            check_name(&name, &spanned.span)?;
            self.at += 1;
            self.expect(":")?;
            entries.push((name, self.inline_if()?));
            if !self.take_sign(",") {
                break;
            }
        }
        self.expect("}")?;
        Ok(entries)
    }

    fn items(&mut self, end: &'static str) -> Outcome<Vec<Expr>> {
        let mut items = vec![];
        if self.take_sign(end) {
            return Ok(items);
        }
        loop {
            items.push(self.inline_if()?);
            if !self.take_sign(",") {
                break;
            }
        }
        self.expect(end)?;
        Ok(items)
    }

    pub(super) fn arguments(&mut self) -> Outcome<Arguments> {
        let mut arguments = Arguments::default();
        if self.take_sign(")") {
            return Ok(arguments);
        }
        loop {
            let named = matches!(self.peek(0).token, Token::Name(_))
                && matches!(self.peek(1).token, Token::Sign("="));
            if named {
                let name = self.name()?;
                self.at += 1;
                arguments.named.push((name, self.inline_if()?));
            } else {
                arguments.plain.push(self.inline_if()?);
            }
            if !self.take_sign(",") {
                break;
            }
        }
        self.expect(")")?;
        Ok(arguments)
    }
}
