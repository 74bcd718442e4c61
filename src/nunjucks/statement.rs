//! Reads a template: texts, `${{ }}` and `{% %}`.

use std::collections::HashSet;

use billpay_model::findings::nearest;

use super::ast::{Body, Caller, ExprKind, Identifier, Signature, Span, Statement, StatementKind};
use super::code::{Code, around, closing, name_end, top_level};
use super::expression::Parser;
use super::fault::{Fault, Outcome};
use super::scan::{Marks, Piece, pieces};

/// Maximum nesting depth of blocks.
const MAX_NESTING: usize = 40;

const TAGS: &[&str] = &["if", "for", "set", "macro", "call", "filter", "block", "switch", "raw", "verbatim"];
/// Tags that belong to others.
const INNER: &[&str] = &[
    "else",
    "elif",
    "elseif",
    "endif",
    "endfor",
    "endmacro",
    "endcall",
    "endfilter",
    "endset",
    "case",
    "default",
    "endswitch",
    "endblock",
];

/// Reads a template as the portal does.
pub fn template(text: &str, marks: Marks) -> Outcome<Body> {
    let mut reader =
        Reader { pieces: pieces(text, marks)?.into_iter(), ids: 0, depth: 0, blocks: HashSet::new() };
    let (body, stop) = reader.body(&[])?;
    match stop {
        // No tag was one to stop at.
        Some(stop) => Fault::syntax(stop.code.span(), "this doesn't belong here"),
        None => Ok(body),
    }
}

struct Reader<'t> {
    pieces: std::vec::IntoIter<Piece<'t>>,
    ids: usize,
    depth: usize,
    /// Names of the blocks so far.
    blocks: HashSet<&'t str>,
}

/// The tag that a body ended at.
struct Stop<'t> {
    name: &'t str,
    code: Code<'t>,
}

impl<'t> Reader<'t> {
    fn id(&mut self) -> usize {
        self.ids += 1;
        self.ids
    }

    fn expression(&mut self, code: Code<'t>) -> Outcome<super::ast::Expr> {
        Parser::new(code, &mut self.ids)?.expression()
    }

    fn targets(&mut self, code: Code<'t>) -> Outcome<Vec<Identifier>> {
        Parser::new(code, &mut self.ids)?.targets()
    }

    /// Reads up to one of the tags that end it.
    fn body(&mut self, stops: &[&str]) -> Outcome<(Body, Option<Stop<'t>>)> {
        let mut body = vec![];
        while let Some(piece) = self.pieces.next() {
            let (kind, span) = match piece {
                Piece::Text(text) => (StatementKind::Text(text), 0..0),
                Piece::Variable(code, start) => {
                    (StatementKind::Output(self.expression(code)?), start..code.span().end)
                }
                Piece::Block(code, start) => {
                    let name = code.tag();
                    if stops.contains(&name) {
                        let is_alone = !matches!(name, "elif" | "elseif" | "case" | "endblock");
                        if is_alone && !code.after_tag().text.is_empty() {
                            return Fault::syntax(code.span(), format!("`{name}` takes nothing after it"));
                        }
                        return Ok((body, Some(Stop { name, code })));
                    }
                    self.depth += 1;
                    if self.depth > MAX_NESTING {
                        let message = format!("more than {MAX_NESTING} blocks lie in one another");
                        return Err(Box::new(Fault {
                            span: Some(code.span()),
                            ..Fault::of("too-deep", message)
                        }));
                    }
                    let kind = self.block(name, code, stops)?;
                    self.depth -= 1;
                    (kind, start..code.span().end)
                }
            };
            body.push(Statement { id: self.id(), span, kind });
        }
        Ok((body, None))
    }

    /// Reads up to one of the tags that end it, which has to come.
    fn until(&mut self, stops: &[&str], span: &Span) -> Outcome<(Body, Stop<'t>)> {
        match self.body(stops)? {
            (body, Some(stop)) => Ok((body, stop)),
            (_, None) => {
                let end = stops.last().copied().unwrap_or_default();
                Fault::syntax(span.clone(), format!("this isn't closed by `{end}`"))
            }
        }
    }

    fn block(&mut self, name: &str, code: Code<'t>, stops: &[&str]) -> Outcome<StatementKind> {
        let rest = code.after_tag();
        match name {
            "if" => self.conditions(code),
            "for" => self.loops(rest, code),
            "set" => self.set(rest, code),
            "macro" => self.makro(rest, code),
            "call" => self.call(rest, code),
            "filter" => self.filter(rest, code),
            "block" => self.named_block(rest, code),
            "switch" => self.switch(rest, code),
            "include" | "import" | "from" | "extends" => {
                Fault::syntax(code.span(), format!("a template can't use other files: `{name}`"))
            }
            "" => Fault::syntax(code.span(), "a tag needs a name"),
            inner if INNER.contains(&inner) => {
                let message = match stops {
                    [] => format!("`{inner}` has nothing that it belongs to"),
                    stops => format!("`{inner}` doesn't belong here, but one of {}", stops.join(", ")),
                };
                Fault::syntax(code.span(), message)
            }
            other => {
                let fault = Fault::of("unknown-tag", format!("there is no tag `{other}`"));
                let did_you_mean = nearest(other, TAGS.iter().chain(INNER).copied());
                Err(Box::new(Fault { span: Some(code.span()), did_you_mean, ..fault }))
            }
        }
    }

    fn conditions(&mut self, code: Code<'t>) -> Outcome<StatementKind> {
        let mut branches = vec![];
        let mut condition = self.expression(code.after_tag())?;
        loop {
            let (body, stop) = self.until(&["elif", "elseif", "else", "endif"], &code.span())?;
            branches.push((condition, body));
            match stop.name {
                "elif" | "elseif" => condition = self.expression(stop.code.after_tag())?,
                "else" => {
                    let (body, _) = self.until(&["endif"], &code.span())?;
                    return Ok(StatementKind::If { branches, otherwise: Some(body) });
                }
                _ => return Ok(StatementKind::If { branches, otherwise: None }),
            }
        }
    }

    fn loops(&mut self, rest: Code<'t>, code: Code<'t>) -> Outcome<StatementKind> {
        let Some((names, of)) = around(rest, "in")? else {
            return Fault::syntax(code.span(), "a loop is `for NAME in LIST`");
        };
        let targets = self.targets(names)?;
        if let [only] = targets.as_slice()
            && &*only.name == "loop"
        {
            return Fault::syntax(only.span.clone(), "a loop's value can't be called `loop`");
        }
        let of = self.expression(of)?;
        let (body, stop) = self.until(&["else", "endfor"], &code.span())?;
        let otherwise = match stop.name {
            "else" => Some(self.until(&["endfor"], &code.span())?.0),
            _ => None,
        };
        Ok(StatementKind::For { targets, of, body, otherwise })
    }

    fn set(&mut self, rest: Code<'t>, code: Code<'t>) -> Outcome<StatementKind> {
        if let Some(at) = top_level(rest, b'=')? {
            let targets = self.targets(rest.part(0, at))?;
            let value = self.expression(rest.from(at + 1))?;
            return Ok(StatementKind::Set { targets, value });
        }
        let targets = self.targets(rest)?;
        let (body, _) = self.until(&["endset"], &code.span())?;
        no_macros(&body, &code.span())?;
        Ok(StatementKind::SetBlock { targets, body })
    }

    fn makro(&mut self, rest: Code<'t>, code: Code<'t>) -> Outcome<StatementKind> {
        let end = name_end(rest.text, 0, false).unwrap_or(0);
        let inner = rest.from(end).trim();
        let signature = inner.text.strip_prefix('(').and_then(|inner| inner.strip_suffix(')'));
        let (Some(signature), true) = (signature, end > 0) else {
            return Fault::syntax(code.span(), "a macro is `macro NAME(NAMES)`");
        };
        let name = Parser::new(rest.part(0, end), &mut self.ids)?.targets()?;
        let signature = self.signature(Code { text: signature, at: inner.at + 1 })?;
        let (body, _) = self.until(&["endmacro"], &code.span())?;
        match name.into_iter().next() {
            Some(name) => Ok(StatementKind::Macro { name, signature, body }),
            None => Fault::syntax(code.span(), "a macro needs a name"),
        }
    }

    fn signature(&mut self, code: Code<'t>) -> Outcome<Signature> {
        Parser::new(code, &mut self.ids)?.signature()
    }

    fn call(&mut self, rest: Code<'t>, code: Code<'t>) -> Outcome<StatementKind> {
        let mut called = rest;
        let mut signature = Signature::default();
        if rest.text.starts_with('(') {
            let Some(end) = closing(rest)? else {
                return Fault::syntax(code.span(), "the brackets of this call aren't closed");
            };
            signature = self.signature(rest.part(1, end))?;
            called = rest.from(end + 1).trim();
        }
        let ExprKind::Call { of, arguments } = self.expression(called)?.kind else {
            return Fault::syntax(called.span(), "a call block is to call a macro");
        };
        let mut target = &*of;
        while let ExprKind::Member { of, key } = &target.kind {
            if !matches!(
                key.kind,
                ExprKind::Text(_) | ExprKind::Number(_) | ExprKind::Null | ExprKind::Bool(_)
            ) {
                break;
            }
            target = of;
        }
        if !matches!(target.kind, ExprKind::Name(_)) {
            return Fault::syntax(called.span(), "a call block is to call a macro by its name");
        }
        let (body, _) = self.until(&["endcall"], &code.span())?;
        let caller = Caller { id: self.id(), signature, body };
        Ok(StatementKind::Call { of: *of, arguments, caller })
    }

    fn filter(&mut self, rest: Code<'t>, code: Code<'t>) -> Outcome<StatementKind> {
        let (body, _) = self.until(&["endfilter"], &code.span())?;
        no_macros(&body, &code.span())?;
        let filter = Parser::new(rest, &mut self.ids)?.filter_of(ExprKind::Capture(body), 0)?;
        Ok(StatementKind::Output(filter))
    }

    fn named_block(&mut self, rest: Code<'t>, code: Code<'t>) -> Outcome<StatementKind> {
        if name_end(rest.text, 0, false) != Some(rest.text.len()) {
            return Fault::syntax(code.span(), "a block is `block NAME`");
        }
        let (body, stop) = self.until(&["endblock"], &code.span())?;
        let closing = stop.code.after_tag();
        if !matches!(closing.text, "") && closing.text != rest.text {
            return Fault::syntax(closing.span(), format!("the block is called `{}`", rest.text));
        }
        if !self.blocks.insert(rest.text) {
            return Fault::syntax(rest.span(), format!("there are two blocks `{}`", rest.text));
        }
        Ok(StatementKind::Block { body })
    }

    fn switch(&mut self, rest: Code<'t>, code: Code<'t>) -> Outcome<StatementKind> {
        let value = self.expression(rest)?;
        let mut cases = vec![];
        let mut otherwise = None;
        let (before, mut stop) = self.until(&["case", "default", "endswitch"], &code.span())?;
        if !before.is_empty() {
            return Fault::syntax(code.span(), "between `switch` and the first `case` nothing can stand");
        }
        while stop.name == "case" {
            let condition = self.expression(stop.code.after_tag())?;
            let (body, next) = self.until(&["case", "default", "endswitch"], &code.span())?;
            cases.push((condition, body));
            stop = next;
        }
        if stop.name == "default" {
            otherwise = Some(self.until(&["endswitch"], &code.span())?.0);
        }
        if cases.is_empty() && otherwise.is_none() {
            return Fault::syntax(code.span(), "a switch needs a `case` or `default`");
        }
        Ok(StatementKind::Switch { value, cases, otherwise })
    }
}

/// Refuses macros in a block whose output is kept as a text.
fn no_macros(body: &Body, span: &Span) -> Outcome<()> {
    if body.iter().any(declares) {
        return Fault::syntax(span.clone(), "no macro can be declared in here");
    }
    Ok(())
}

fn declares(statement: &Statement) -> bool {
    let any = |body: &Body| body.iter().any(declares);
    match &statement.kind {
        StatementKind::Macro { .. } => true,
        StatementKind::Text(_) | StatementKind::Output(_) | StatementKind::Set { .. } => false,
        StatementKind::If { branches, otherwise } => {
            branches.iter().any(|(_, body)| any(body)) || otherwise.as_ref().is_some_and(any)
        }
        StatementKind::Switch { cases, otherwise, .. } => {
            cases.iter().any(|(_, body)| any(body)) || otherwise.as_ref().is_some_and(any)
        }
        StatementKind::For { body, otherwise, .. } => any(body) || otherwise.as_ref().is_some_and(any),
        StatementKind::SetBlock { body, .. } | StatementKind::Block { body } => any(body),
        StatementKind::Call { caller, .. } => any(&caller.body),
    }
}
