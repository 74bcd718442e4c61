//! Statements of templates.

use std::rc::Rc;

use super::ast::{Callee, Expr, For, Kind, Parameters, Span, Stmt, StmtKind, Target, Template};
use super::fault::{Fault, Res};
use super::lexer::{Token, tokens};
use super::syntax::Syntax;

/// Deepest that tags and expressions may lie in one another.
const DEEPEST: usize = 60;

pub struct Parser<'s> {
    pub(super) tokens: Vec<(Token, Span)>,
    pub(super) at: usize,
    pub(super) depth: usize,
    syntax: &'s Syntax,
    blocks: Vec<(Rc<str>, Rc<Vec<Stmt>>)>,
    end: usize,
}

/// Reads a template, of which the line ends are `\n`.
pub fn parse(name: &str, source: &str, syntax: &Syntax) -> Res<Template> {
    let name: Rc<str> = name.into();
    let tokens = tokens(source, syntax).map_err(|fault| fault.within(&name))?;
    let mut parser = Parser { tokens, at: 0, depth: 0, syntax, blocks: vec![], end: source.len() };
    let body = parser.body(&[]).map_err(|fault| fault.within(&name))?;
    Ok(Template { name, body, blocks: parser.blocks })
}

impl Parser<'_> {
    pub(super) fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at).map(|(token, _)| token)
    }

    pub(super) fn peek_behind(&self) -> Option<&Token> {
        self.tokens.get(self.at + 1).map(|(token, _)| token)
    }

    pub(super) fn span(&self) -> Span {
        self.tokens.get(self.at).map_or(self.end..self.end, |(_, span)| span.clone())
    }

    pub(super) fn last_end(&self) -> usize {
        self.at.checked_sub(1).and_then(|at| self.tokens.get(at)).map_or(0, |(_, span)| span.end)
    }

    pub(super) fn is_op(&self, op: &str) -> bool {
        matches!(self.peek(), Some(Token::Op(found)) if *found == op)
    }

    pub(super) fn is_name(&self, name: &str) -> bool {
        matches!(self.peek(), Some(Token::Name(found)) if found == name)
    }

    pub(super) fn skip_op(&mut self, op: &str) -> bool {
        let is = self.is_op(op);
        self.at += usize::from(is);
        is
    }

    pub(super) fn skip_name(&mut self, name: &str) -> bool {
        let is = self.is_name(name);
        self.at += usize::from(is);
        is
    }

    pub(super) fn unexpected<T>(&self, expected: &str) -> Res<T> {
        let found = match self.peek() {
            None => "the end of the template".to_string(),
            Some(Token::Name(name)) => format!("`{name}`"),
            Some(Token::Op(op)) => format!("`{op}`"),
            Some(Token::Text(_)) => "text".to_string(),
            Some(Token::Str(_)) => "a text".to_string(),
            Some(Token::Int(_) | Token::Float(_)) => "a number".to_string(),
            Some(Token::VariableBegin | Token::BlockBegin) => "a tag".to_string(),
            Some(Token::VariableEnd | Token::BlockEnd) => "the end of the tag".to_string(),
        };
        Err(Fault::syntax(format!("expected {expected}, found {found}"), self.span()))
    }

    pub(super) fn expect_op(&mut self, op: &str) -> Res<()> {
        if self.skip_op(op) { Ok(()) } else { self.unexpected(&format!("`{op}`")) }
    }

    fn expect_name(&mut self, name: &str) -> Res<()> {
        if self.skip_name(name) { Ok(()) } else { self.unexpected(&format!("`{name}`")) }
    }

    pub(super) fn name(&mut self) -> Res<Rc<str>> {
        let Some(Token::Name(name)) = self.peek() else { return self.unexpected("a name") };
        let name = name.as_str().into();
        self.at += 1;
        Ok(name)
    }

    /// Goes one level deeper, unless that is too deep.
    pub(super) fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Res<T>) -> Res<T> {
        if self.depth >= DEEPEST {
            return Err(Fault::syntax("too many levels in one another", self.span()));
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn block_end(&mut self) -> Res<()> {
        match self.peek() {
            Some(Token::BlockEnd) => {
                self.at += 1;
                Ok(())
            }
            _ => self.unexpected("the end of the tag"),
        }
    }

    /// Reads up to a tag that is one of these, which is left for whoever asked.
    fn body(&mut self, until: &[&str]) -> Res<Vec<Stmt>> {
        self.deeper(|parser| parser.statements(until))
    }

    fn statements(&mut self, until: &[&str]) -> Res<Vec<Stmt>> {
        let opened = self.last_end();
        let mut body = vec![];
        loop {
            let span = self.span();
            match self.peek() {
                None if until.is_empty() => return Ok(body),
                None => {
                    let told = until.iter().map(|tag| format!("`{tag}`")).collect::<Vec<_>>().join(" or ");
                    let place = opened.saturating_sub(1)..opened;
                    return Err(Fault::syntax(format!("the template ends here without {told}"), place));
                }
                Some(Token::Text(text)) => {
                    let kind = StmtKind::Text(text.as_str().into());
                    self.at += 1;
                    body.push(Stmt { kind, span });
                }
                Some(Token::VariableBegin) => {
                    self.at += 1;
                    let expr = self.tuple()?;
                    if !matches!(self.peek(), Some(Token::VariableEnd)) {
                        return self.unexpected("the end of the tag");
                    }
                    self.at += 1;
                    body.push(Stmt { span: expr.span.clone(), kind: StmtKind::Print(expr) });
                }
                Some(Token::BlockBegin) => {
                    self.at += 1;
                    if let Some(Token::Name(name)) = self.peek()
                        && until.contains(&name.as_str())
                    {
                        return Ok(body);
                    }
                    let kind = self.statement()?;
                    body.push(Stmt { kind, span: span.start..self.last_end() });
                }
                Some(_) => return self.unexpected("text or a tag"),
            }
        }
    }

    fn statement(&mut self) -> Res<StmtKind> {
        let span = self.span();
        let name = self.name()?;
        let kind = match &*name {
            "if" => return self.if_tag(),
            "for" => return self.for_tag(),
            "set" => return self.set_tag(),
            "with" => return self.with_tag(),
            "macro" => return self.macro_tag(),
            "call" => return self.call_tag(),
            "filter" => return self.filter_tag(),
            "block" => return self.block_tag(),
            "autoescape" => {
                let on = self.expression()?;
                self.block_end()?;
                StmtKind::Autoescape(on, self.closed("endautoescape")?)
            }
            "print" => {
                let expr = self.tuple()?;
                StmtKind::Print(expr)
            }
            "extends" => StmtKind::Extends(self.expression()?),
            "include" => {
                let what = self.expression()?;
                let ignore_missing = self.is_name("ignore")
                    && matches!(self.peek_behind(), Some(Token::Name(name)) if name == "missing");
                self.at += if ignore_missing { 2 } else { 0 };
                StmtKind::Include { what, ignore_missing, context: self.context(true) }
            }
            "import" => {
                let what = self.expression()?;
                self.expect_name("as")?;
                let name = self.name()?;
                StmtKind::Import { what, name, context: self.context(false) }
            }
            "from" => self.names_tag()?,
            "now" => {
                let zone = self.expression()?;
                let format = if self.skip_op(",") { Some(self.expression()?) } else { None };
                let (zone, offset) = match zone.kind {
                    Kind::Binary(super::ast::Operator::Add, zone, offset) => (*zone, Some(('+', *offset))),
                    Kind::Binary(super::ast::Operator::Sub, zone, offset) => (*zone, Some(('-', *offset))),
                    kind => (Expr { kind, span: zone.span }, None),
                };
                StmtKind::Now { zone, offset, format }
            }
            "do" if self.syntax.do_tag => StmtKind::Do(self.tuple()?),
            "break" if self.syntax.loop_controls => StmtKind::Break,
            "continue" if self.syntax.loop_controls => StmtKind::Continue,
            other => {
                let mut fault = Fault::unknown("unknown-tag", "tag", other, TAGS).at(&span);
                fault.hint = match other {
                    "do" => Some("`_extensions` has to have \"jinja2.ext.do\" for it".to_string()),
                    "break" | "continue" => {
                        Some("`_extensions` has to have \"jinja2.ext.loopcontrols\" for it".to_string())
                    }
                    _ => None,
                };
                return Err(fault);
            }
        };
        if !matches!(kind, StmtKind::Autoescape(..)) {
            self.block_end()?;
        }
        Ok(kind)
    }

    /// The rest of a tag with a body, up to its end tag.
    fn closed(&mut self, end: &str) -> Res<Vec<Stmt>> {
        let body = self.body(&[end])?;
        self.expect_name(end)?;
        self.block_end()?;
        Ok(body)
    }

    fn if_tag(&mut self) -> Res<StmtKind> {
        let mut branches = vec![];
        loop {
            let condition = self.tuple_without_if()?;
            self.block_end()?;
            branches.push((condition, self.body(&["elif", "else", "endif"])?));
            if self.skip_name("elif") {
                continue;
            }
            let otherwise = if self.skip_name("else") {
                self.block_end()?;
                let body = self.body(&["endif"])?;
                self.expect_name("endif")?;
                body
            } else {
                self.expect_name("endif")?;
                vec![]
            };
            self.block_end()?;
            return Ok(StmtKind::If(branches, otherwise));
        }
    }

    fn for_tag(&mut self) -> Res<StmtKind> {
        let target = self.targets(&["in"])?;
        self.expect_name("in")?;
        let over = self.tuple_without_if()?;
        let filter = if self.skip_name("if") { Some(self.expression()?) } else { None };
        let recursive = self.skip_name("recursive");
        self.block_end()?;
        let body = self.body(&["endfor", "else"])?;
        let otherwise = if self.skip_name("else") {
            self.block_end()?;
            self.body(&["endfor"])?
        } else {
            vec![]
        };
        self.expect_name("endfor")?;
        self.block_end()?;
        Ok(StmtKind::For(Rc::new(For { target, over, filter, body, otherwise, recursive })))
    }

    fn set_tag(&mut self) -> Res<StmtKind> {
        let target = self.targets(&[])?;
        if self.skip_op("=") {
            let value = self.tuple()?;
            self.block_end()?;
            return Ok(StmtKind::Set(target, value));
        }
        let filter = if self.is_op("|") { Some(self.filters(None)?) } else { None };
        self.block_end()?;
        Ok(StmtKind::SetBlock(target, filter, self.closed("endset")?))
    }

    fn with_tag(&mut self) -> Res<StmtKind> {
        let mut set = vec![];
        while !matches!(self.peek(), Some(Token::BlockEnd)) {
            if !set.is_empty() {
                self.expect_op(",")?;
            }
            let target = self.target()?;
            self.expect_op("=")?;
            set.push((target, self.expression()?));
        }
        self.block_end()?;
        Ok(StmtKind::With(set, self.closed("endwith")?))
    }

    fn names_tag(&mut self) -> Res<StmtKind> {
        let what = self.expression()?;
        self.expect_name("import")?;
        let mut names = vec![];
        let mut context = None;
        loop {
            if !names.is_empty() && !self.is_name("with") && !self.is_name("without") {
                self.expect_op(",")?;
            }
            if matches!(self.peek(), Some(Token::BlockEnd)) {
                break;
            }
            let wants = self.is_name("with") || self.is_name("without");
            if wants && matches!(self.peek_behind(), Some(Token::Name(name)) if name == "context") {
                context = Some(self.is_name("with"));
                self.at += 2;
                break;
            }
            let name = self.name()?;
            let alias = if self.skip_name("as") { self.name()? } else { name.clone() };
            names.push((name, alias));
            if matches!(self.peek(), Some(Token::BlockEnd)) {
                break;
            }
        }
        if names.is_empty() {
            return self.unexpected("a name");
        }
        Ok(StmtKind::From { what, names, context: context.unwrap_or(false) })
    }

    fn context(&mut self, default: bool) -> bool {
        let says = matches!(self.peek_behind(), Some(Token::Name(name)) if name == "context");
        let with = self.is_name("with");
        if !says || !(with || self.is_name("without")) {
            return default;
        }
        self.at += 2;
        with
    }

    fn parameters(&mut self) -> Res<Parameters> {
        let (mut names, mut defaults) = (vec![], vec![]);
        self.expect_op("(")?;
        while !self.is_op(")") {
            if !names.is_empty() {
                self.expect_op(",")?;
            }
            names.push(self.name()?);
            if self.skip_op("=") {
                defaults.push(self.expression()?);
            } else if !defaults.is_empty() {
                return Err(Fault::syntax("a parameter without a default after one with", self.span()));
            }
        }
        self.expect_op(")")?;
        Ok(Parameters { names, defaults, varargs: false, kwargs: false, caller: false })
    }

    /// The body of a macro, and which of the names that a macro gets it uses.
    fn callee(&mut self, name: Rc<str>, mut parameters: Parameters, end: &str) -> Res<Rc<Callee>> {
        let from = self.at;
        let body = self.closed(end)?;
        let used = self.tokens.get(from..self.at).unwrap_or_default();
        let uses = |name: &str| used.iter().any(|(token, _)| matches!(token, Token::Name(n) if n == name));
        let given = |name: &str| parameters.names.iter().any(|given| &**given == name);
        let (varargs, kwargs, caller) = (uses("varargs"), uses("kwargs"), uses("caller") || given("caller"));
        parameters.varargs = varargs && !given("varargs");
        parameters.kwargs = kwargs && !given("kwargs");
        parameters.caller = caller;
        Ok(Rc::new(Callee { name, parameters, body }))
    }

    fn macro_tag(&mut self) -> Res<StmtKind> {
        let name = self.name()?;
        let parameters = self.parameters()?;
        self.block_end()?;
        Ok(StmtKind::Macro(self.callee(name, parameters, "endmacro")?))
    }

    fn call_tag(&mut self) -> Res<StmtKind> {
        let parameters = match self.is_op("(") {
            true => self.parameters()?,
            false => {
                Parameters { names: vec![], defaults: vec![], varargs: false, kwargs: false, caller: false }
            }
        };
        let call = self.expression()?;
        if !matches!(call.kind, Kind::Call(..)) {
            return Err(Fault::syntax("expected a call", call.span));
        }
        self.block_end()?;
        Ok(StmtKind::CallBlock(call, self.callee("caller".into(), parameters, "endcall")?))
    }

    fn filter_tag(&mut self) -> Res<StmtKind> {
        let filter = self.filters_inline()?;
        self.block_end()?;
        Ok(StmtKind::FilterBlock(filter, self.closed("endfilter")?))
    }

    fn block_tag(&mut self) -> Res<StmtKind> {
        let span = self.span();
        let name = self.name()?;
        let scoped = self.skip_name("scoped");
        let required = self.skip_name("required");
        self.block_end()?;
        let body = self.body(&["endblock"])?;
        self.expect_name("endblock")?;
        self.skip_name(&name);
        self.block_end()?;
        if self.blocks.iter().any(|(known, _)| *known == name) {
            return Err(Fault::syntax(format!("the block `{name}` is there twice"), span));
        }
        self.blocks.push((name.clone(), Rc::new(body)));
        Ok(StmtKind::Block { name, scoped, required })
    }

    /// One or more targets with commas: `key, value`.
    fn targets(&mut self, until: &[&str]) -> Res<Target> {
        let first = self.target()?;
        if !self.is_op(",") {
            return Ok(first);
        }
        let mut all = vec![first];
        while self.skip_op(",") {
            let over = until.iter().any(|name| self.is_name(name)) || self.is_op("=") || self.is_op(")");
            if over || matches!(self.peek(), Some(Token::BlockEnd)) {
                break;
            }
            all.push(self.target()?);
        }
        Ok(Target::Tuple(all))
    }

    fn target(&mut self) -> Res<Target> {
        if self.skip_op("(") {
            let inner = self.deeper(|parser| parser.targets(&[]))?;
            self.expect_op(")")?;
            return Ok(inner);
        }
        let span = self.span();
        let name = self.name()?;
        if self.skip_op(".") {
            return Ok(Target::Attribute(name, self.name()?));
        }
        if matches!(&*name, "true" | "false" | "none" | "True" | "False" | "None") {
            return Err(Fault::syntax(format!("`{name}` can't be set"), span));
        }
        Ok(Target::Name(name))
    }
}

const TAGS: &[&str] = &[
    "if",
    "elif",
    "else",
    "endif",
    "for",
    "endfor",
    "set",
    "endset",
    "with",
    "endwith",
    "macro",
    "endmacro",
    "call",
    "endcall",
    "filter",
    "endfilter",
    "block",
    "endblock",
    "autoescape",
    "endautoescape",
    "print",
    "extends",
    "include",
    "import",
    "from",
    "now",
    "raw",
    "endraw",
];
