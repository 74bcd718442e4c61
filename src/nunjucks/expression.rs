//! Reads expressions: Nunjucks' own order of operators, which is neither JavaScript's nor Jinja's.

mod operand;

use super::ast::{Arguments, Binary, Compare, Expr, ExprKind, Identifier, Signature, Span};
use super::code::Code;
use super::fault::{Fault, Outcome};
use super::token::{SpannedToken, Token, tokens};
use super::value::is_reserved;

/// Maximum nesting depth of brackets.
const MAX_NESTING: usize = 30;
/// Maximum height of an expression.
const MAX_HEIGHT: usize = 120;

pub struct Parser<'t, 'i> {
    tokens: Vec<SpannedToken<'t>>,
    at: usize,
    depth: usize,
    /// The next number of a node.
    ids: &'i mut usize,
}

impl<'t, 'i> Parser<'t, 'i> {
    pub fn new(code: Code<'t>, ids: &'i mut usize) -> Outcome<Parser<'t, 'i>> {
        Ok(Parser { tokens: tokens(code)?, at: 0, depth: 0, ids })
    }

    /// All of the code as one expression.
    pub fn expression(mut self) -> Outcome<Expr> {
        let expression = self.inline_if()?;
        self.end()?;
        Ok(expression)
    }

    /// Names with commas between them.
    pub fn targets(mut self) -> Outcome<Vec<Identifier>> {
        let mut targets = vec![];
        loop {
            let name = self.name()?;
            if matches!(&*name.name, "true" | "false" | "null" | "none") {
                return Fault::syntax(name.span, format!("`{}` can't be set", name.name));
            }
            targets.push(name);
            if !self.take_sign(",") {
                break;
            }
        }
        self.end()?;
        Ok(targets)
    }

    /// Reads the parameters of a macro, between its brackets.
    pub fn signature(mut self) -> Outcome<Signature> {
        let mut signature = Signature::default();
        if self.at_end() {
            return Ok(signature);
        }
        loop {
            let name = self.name()?;
            if self.take_sign("=") {
                signature.named.push((name, self.inline_if()?));
            } else {
                signature.plain.push(name);
            }
            if !self.take_sign(",") {
                break;
            }
        }
        self.end()?;
        Ok(signature)
    }

    /// The filter of a filter block, which takes what the block writes.
    pub fn filter_of(mut self, input: ExprKind, height: usize) -> Outcome<Expr> {
        let span = self.span();
        let input = self.make(span, height + 1, input)?;
        let filter = self.filter(input)?;
        self.end()?;
        Ok(filter)
    }

    fn inline_if(&mut self) -> Outcome<Expr> {
        let then = self.or()?;
        if !self.take_word("if") {
            return Ok(then);
        }
        let condition = self.or()?;
        let otherwise = if self.take_word("else") { Some(Box::new(self.or()?)) } else { None };
        let height = height(&then).max(height(&condition)).max(otherwise.as_deref().map_or(0, height));
        let span = then.span.start..otherwise.as_deref().unwrap_or(&condition).span.end;
        let kind = ExprKind::If { condition: Box::new(condition), then: Box::new(then), otherwise };
        self.make(span, height, kind)
    }

    fn or(&mut self) -> Outcome<Expr> {
        let mut left = self.and()?;
        while self.take_word("or") {
            let right = self.and()?;
            left = self.pair(left, right, ExprKind::Or)?;
        }
        Ok(left)
    }

    fn and(&mut self) -> Outcome<Expr> {
        let mut left = self.not()?;
        while self.take_word("and") {
            let right = self.not()?;
            left = self.pair(left, right, ExprKind::And)?;
        }
        Ok(left)
    }

    fn not(&mut self) -> Outcome<Expr> {
        let start = self.span();
        if self.take_word("not") {
            let inner = self.nest(Self::not)?;
            return self.negate(inner, &start);
        }
        self.membership()
    }

    /// `not` belongs to the first operand alone: `not a == b` is `(not a) == b`.
    fn negate(&mut self, inner: Expr, start: &Span) -> Outcome<Expr> {
        let span = start.start..inner.span.end;
        match inner.kind {
            ExprKind::Binary(operator, left, right) if operator != Binary::Power => {
                let left = self.negate(*left, start)?;
                self.pair(left, *right, |left, right| ExprKind::Binary(operator, left, right))
            }
            ExprKind::Compare(first, others) => {
                let first = self.negate(*first, start)?;
                let height = inner.height;
                self.make(span, height, ExprKind::Compare(Box::new(first), others))
            }
            _ => {
                let height = inner.height;
                self.make(span, height, ExprKind::Not(Box::new(inner)))
            }
        }
    }

    fn membership(&mut self) -> Outcome<Expr> {
        let mut left = self.test()?;
        loop {
            let is_negated = self.is_word(0, "not") && self.is_word(1, "in");
            if is_negated {
                self.at += 1;
            }
            if !self.take_word("in") {
                return Ok(left);
            }
            let right = self.test()?;
            left = self.pair(left, right, ExprKind::In)?;
            if is_negated {
                let (span, height) = (left.span.clone(), left.height);
                left = self.make(span, height, ExprKind::Not(Box::new(left)))?;
            }
        }
    }

    fn test(&mut self) -> Outcome<Expr> {
        let value = self.equality()?;
        if !self.take_word("is") {
            return Ok(value);
        }
        let is_negated = self.take_word("not");
        let test = self.equality()?;
        let is = self.pair(value, test, |value, test| ExprKind::Is { value, test })?;
        if !is_negated {
            return Ok(is);
        }
        let (span, height) = (is.span.clone(), is.height);
        self.make(span, height, ExprKind::Not(Box::new(is)))
    }

    fn equality(&mut self) -> Outcome<Expr> {
        const SIGNS: &[(&str, Compare)] = &[
            ("==", Compare::Equal),
            ("===", Compare::Same),
            ("!=", Compare::Unequal),
            ("!==", Compare::Different),
        ];
        self.comparison(SIGNS, Self::relation)
    }

    fn relation(&mut self) -> Outcome<Expr> {
        const SIGNS: &[(&str, Compare)] = &[
            ("<", Compare::Less),
            ("<=", Compare::LessEqual),
            (">", Compare::Greater),
            (">=", Compare::GreaterEqual),
        ];
        self.comparison(SIGNS, Self::sum)
    }

    fn comparison(
        &mut self,
        signs: &[(&'static str, Compare)],
        operand: fn(&mut Self) -> Outcome<Expr>,
    ) -> Outcome<Expr> {
        let first = operand(self)?;
        let mut others = vec![];
        while let Some((_, compare)) = signs.iter().find(|(sign, _)| self.take_sign(sign)) {
            others.push((*compare, operand(self)?));
        }
        let Some((_, last)) = others.last() else { return Ok(first) };
        let span = first.span.start..last.span.end;
        let height = others.iter().map(|(_, other)| other.height).max().unwrap_or(0).max(first.height);
        self.make(span, height, ExprKind::Compare(Box::new(first), others))
    }

    fn sum(&mut self) -> Outcome<Expr> {
        const SIGNS: &[(&str, Binary)] =
            &[("+", Binary::Add), ("-", Binary::Subtract), ("~", Binary::Concat)];
        let mut left = self.product()?;
        while let Some((_, operator)) = SIGNS.iter().find(|(sign, _)| self.take_sign(sign)) {
            let right = self.product()?;
            left = self.pair(left, right, |left, right| ExprKind::Binary(*operator, left, right))?;
        }
        Ok(left)
    }

    /// `*`, `/` and `%` read in levels of their own, and are then worked off from the left.
    fn product(&mut self) -> Outcome<Expr> {
        let mut all = self.quotients()?;
        while self.take_sign("*") {
            let next = self.quotients()?;
            all.follow(Binary::Multiply, next);
        }
        self.fold(all)
    }

    fn quotients(&mut self) -> Outcome<Sequence> {
        let mut all = self.floors()?;
        while self.take_sign("/") {
            let next = self.floors()?;
            all.follow(Binary::Divide, next);
        }
        Ok(all)
    }

    fn floors(&mut self) -> Outcome<Sequence> {
        let mut all = self.remainders()?;
        while self.take_sign("//") {
            let next = self.remainders()?;
            all.follow(Binary::Divide, next);
            let whole = self.fold(all)?;
            let (span, height) = (whole.span.clone(), whole.height);
            let floor = self.make(span, height, ExprKind::Floor(Box::new(whole)))?;
            all = Sequence { first: floor, others: vec![] };
        }
        Ok(all)
    }

    fn remainders(&mut self) -> Outcome<Sequence> {
        let mut all = Sequence { first: self.power()?, others: vec![] };
        while self.take_sign("%") {
            all.others.push((Binary::Modulo, self.power()?));
        }
        Ok(all)
    }

    fn fold(&mut self, all: Sequence) -> Outcome<Expr> {
        let mut left = all.first;
        for (operator, right) in all.others {
            left = self.pair(left, right, |left, right| ExprKind::Binary(operator, left, right))?;
        }
        Ok(left)
    }

    fn power(&mut self) -> Outcome<Expr> {
        let mut left = self.filter_chain()?;
        while self.take_sign("**") {
            let right = self.filter_chain()?;
            left = self.pair(left, right, |left, right| ExprKind::Binary(Binary::Power, left, right))?;
        }
        Ok(left)
    }

    fn filter_chain(&mut self) -> Outcome<Expr> {
        let mut input = self.unary()?;
        while self.take_sign("|") {
            input = self.filter(input)?;
        }
        Ok(input)
    }

    fn filter(&mut self, input: Expr) -> Outcome<Expr> {
        let first = self.name()?;
        let (mut name, mut span) = (first.name.to_string(), first.span);
        while self.take_sign(".") {
            let next = self.name()?;
            name.push('.');
            name.push_str(&next.name);
            span.end = next.span.end;
        }
        let arguments = if self.take_sign("(") { self.nest(Self::arguments)? } else { Arguments::default() };
        let height = arguments.height().max(input.height);
        let whole = input.span.start.min(span.start)..self.last_end();
        let name = Identifier { id: first.id, name: name.into(), span };
        self.make(whole, height, ExprKind::Filter { name, input: Box::new(input), arguments })
    }

    fn unary(&mut self) -> Outcome<Expr> {
        let start = self.span();
        for (sign, make) in
            [("-", ExprKind::Negative as fn(Box<Expr>) -> ExprKind), ("+", ExprKind::Positive)]
        {
            if self.take_sign(sign) {
                let inner = self.nest(Self::unary)?;
                let is_repeated = match sign {
                    "-" => matches!(inner.kind, ExprKind::Negative(_)),
                    _ => matches!(inner.kind, ExprKind::Positive(_)),
                };
                if is_repeated {
                    return Fault::syntax(start, format!("`{sign}` twice needs brackets"));
                }
                let (span, height) = (start.start..inner.span.end, inner.height);
                return self.make(span, height, make(Box::new(inner)));
            }
        }
        self.postfix()
    }

    fn name(&mut self) -> Outcome<Identifier> {
        let token = self.peek(0).clone();
        let Token::Name(name) = token.token else {
            return Fault::syntax(token.span, "a name is to stand here");
        };
        check_name(name, &token.span)?;
        self.at += 1;
        Ok(Identifier { id: self.id(), name: name.into(), span: token.span })
    }

    fn id(&mut self) -> usize {
        *self.ids += 1;
        *self.ids
    }

    fn pair(
        &mut self,
        left: Expr,
        right: Expr,
        make: impl FnOnce(Box<Expr>, Box<Expr>) -> ExprKind,
    ) -> Outcome<Expr> {
        let span = left.span.start..right.span.end;
        let height = left.height.max(right.height);
        self.make(span, height, make(Box::new(left), Box::new(right)))
    }

    /// A node over others of a height.
    fn make(&mut self, span: Span, height: usize, kind: ExprKind) -> Outcome<Expr> {
        if height >= MAX_HEIGHT {
            let message = format!("an expression can't have more than {MAX_HEIGHT} levels");
            return Err(Box::new(Fault { span: Some(span), ..Fault::of("too-deep", message) }));
        }
        Ok(Expr { id: self.id(), span, height: height + 1, kind })
    }

    fn nest<T>(&mut self, inner: impl FnOnce(&mut Self) -> Outcome<T>) -> Outcome<T> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            let message = format!("more than {MAX_NESTING} brackets lie in one another");
            return Err(Box::new(Fault { span: Some(self.span()), ..Fault::of("too-deep", message) }));
        }
        let outcome = inner(self);
        self.depth -= 1;
        outcome
    }

    fn peek(&self, ahead: usize) -> &SpannedToken<'t> {
        // The last token is the end, which there always is.
        &self.tokens[(self.at + ahead).min(self.tokens.len() - 1)]
    }

    fn span(&self) -> Span {
        self.peek(0).span.clone()
    }

    /// Returns the end of the last token.
    fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |token| token.span.end)
    }

    fn is_sign(&self, sign: &str) -> bool {
        matches!(self.peek(0).token, Token::Sign(known) if known == sign)
    }

    fn is_word(&self, ahead: usize, word: &str) -> bool {
        matches!(self.peek(ahead).token, Token::Name(name) if name == word)
    }

    fn take_sign(&mut self, sign: &str) -> bool {
        let is_next = self.is_sign(sign);
        self.at += usize::from(is_next);
        is_next
    }

    fn take_word(&mut self, word: &str) -> bool {
        let is_next = self.is_word(0, word);
        self.at += usize::from(is_next);
        is_next
    }

    fn expect(&mut self, sign: &str) -> Outcome<()> {
        if self.take_sign(sign) {
            return Ok(());
        }
        Fault::syntax(self.span(), format!("`{sign}` is to stand here"))
    }

    fn at_end(&self) -> bool {
        matches!(self.peek(0).token, Token::End)
    }

    fn end(&self) -> Outcome<()> {
        if self.at_end() {
            return Ok(());
        }
        Fault::syntax(self.span(), "the tag was to end here")
    }
}

/// Operands with the operators between them.
struct Sequence {
    first: Expr,
    others: Vec<(Binary, Expr)>,
}

impl Sequence {
    fn follow(&mut self, operator: Binary, next: Sequence) {
        self.others.push((operator, next.first));
        self.others.extend(next.others);
    }
}

impl Arguments {
    fn height(&self) -> usize {
        let named = self.named.iter().map(|(_, value)| value.height);
        self.plain.iter().map(|value| value.height).chain(named).max().unwrap_or(0)
    }
}

fn height(expression: &Expr) -> usize {
    expression.height
}

fn check_name(name: &str, span: &Span) -> Outcome<()> {
    if is_reserved(name) {
        return Fault::syntax(span.clone(), format!("`{name}` can't be used in a template"));
    }
    Ok(())
}
