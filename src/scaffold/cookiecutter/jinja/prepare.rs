//! A template's text, made ready for minijinja: tags of Cookiecutter's extensions become what minijinja
//! has, and what it reads otherwise than Jinja2 is refused at its place.

use std::cell::OnceCell;
use std::ops::Range;

use minijinja::Value;
use minijinja::machinery::ast::{BinOpKind, Call, CallArg, Expr, Filter, Macro, Spanned, Stmt, UnaryOpKind};
use minijinja::machinery::{Span, Token, parse, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::edits::{Edit, Reading, apply};
use super::expressions::{argument, below, is_open, is_scalar, is_text, mentions, ordering};
use super::fault::{self, Fault, Res};
use super::tags::tags;
use super::{Names, Syntax, filters, printing};

/// Maximum nesting depth of expressions, chains of operators and filters included; minijinja compiles them in quadratic
/// time.
const MAX_LEVELS: usize = 1_000;

/// Filter behind each side of `~`: refuses values that Python prints differently.
pub const TEXT: &str = "_text";
/// Filter behind the value of a loop: gives an iterator its length.
pub const EACH: &str = "_each";

/// Filter behind what an operation goes through: charges for it.
pub const COST: &str = "_cost";
/// Filter behind what an operation only looks into: charges for the length of a text.
pub const LENGTH: &str = "_length";
/// Filter behind what was added: makes one list of two.
pub const LIST: &str = "_list";

/// Filter in front of sorting: refuses letters whose case Jinja2 knows and minijinja doesn't.
pub const ORDER: &str = "_order";

/// Methods that every dictionary has in Python, found before its keys.
const OF_DICTS: [&str; 11] =
    ["clear", "copy", "fromkeys", "get", "items", "keys", "pop", "popitem", "setdefault", "update", "values"];

/// Returns the bytes that a span is about.
pub fn range(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset as usize
}

/// Reads a text; `name` is that of its file.
pub fn read(name: &str, source: &str, syntax: &Syntax, config: &SyntaxConfig, names: &Names) -> Res<Reading> {
    let to_fault = |error: &minijinja::Error, original: &dyn Fn(Range<usize>) -> Range<usize>| {
        let place = original(error.range().unwrap_or_default());
        let word = source.get(place.clone()).unwrap_or_default();
        let mut fault = fault::of(error, word, &Value::UNDEFINED);
        if names.tags.contains(&fault.word) {
            let message = format!("the tag `{}` of an extension is not done here", fault.word);
            fault = Fault::otherwise(message, "a filter or a function of it");
        }
        fault.at(&place).within(name)
    };
    refuse_signs(source, config).map_err(|fault| fault.within(name))?;
    let tags = tags(source, syntax, config).map_err(|fault| fault.within(name))?;
    let mut reading = Reading { source: source.to_string(), text: apply(source, &tags), layers: vec![tags] };
    let edits = {
        let tree = parse(&reading.text, name, config.clone());
        let tree = tree.map_err(|error| to_fault(&error, &|range| reading.original(&range)))?;
        let mut walk = Walk {
            names,
            text: &reading.text,
            config,
            parens: OnceCell::new(),
            syntax,
            edits: vec![],
            is_in_macro: false,
            ends_with_block: false,
            depth: 0,
            levels: 0,
        };
        let result = walk.statement(&tree);
        result.map_err(|mut fault| {
            fault.span = fault.span.map(|span| reading.original(&span));
            fault.within(name)
        })?;
        walk.edits.sort_by_key(|edit| edit.at.start);
        walk.edits
    };
    reading.text = apply(&reading.text, &edits);
    reading.layers.push(edits);
    Ok(reading)
}

/// Refuses a tag with more signs, `not` and `else` than may lie in one another: minijinja goes into each of them.
fn refuse_signs(source: &str, config: &SyntaxConfig) -> Res<()> {
    let count = |word: &str| source.matches(word).count();
    if count("-") + count("not") + count("else") <= MAX_LEVELS {
        return Ok(());
    }
    let mut signs = 0;
    for (token, span) in tokenize(source, false, config.clone()).map_while(Result::ok) {
        match token {
            Token::VariableStart | Token::BlockStart => signs = 0,
            Token::Minus | Token::Ident("not" | "else") => signs += 1,
            _ => {}
        }
        if signs > MAX_LEVELS {
            return Err(Fault::new("nesting", "this lies too many levels in one another").at(&range(span)));
        }
    }
    Ok(())
}

/// Returns where parentheses are in a text that can be parsed, and whether they open.
fn parens(text: &str, config: &SyntaxConfig) -> Vec<(usize, bool)> {
    let tokens = tokenize(text, false, config.clone()).map_while(Result::ok);
    let parens = tokens.filter_map(|(token, span)| match token {
        Token::ParenOpen => Some((span.start_offset as usize, true)),
        Token::ParenClose => Some((span.start_offset as usize, false)),
        _ => None,
    });
    parens.collect()
}

/// Goes through what was parsed.
struct Walk<'t> {
    names: &'t Names,
    text: &'t str,
    config: &'t SyntaxConfig,
    /// Found when a place of an expression is first asked for.
    parens: OnceCell<Vec<(usize, bool)>>,
    syntax: &'t Syntax,
    edits: Vec<Edit>,
    is_in_macro: bool,
    /// Marks a block whose variables end with it in Jinja2, and not in minijinja.
    ends_with_block: bool,
    /// Loops, macros and other blocks around.
    depth: usize,
    /// Expressions around.
    levels: usize,
}

/// Returns true if a literal has an escape that Python and minijinja read differently.
fn has_other_escape(literal: &str) -> bool {
    let mut letters = literal.chars();
    while let Some(letter) = letters.next() {
        if letter == '\\'
            && letters.next().is_some_and(|next| matches!(next, 'U' | 'N' | '\n' | '/' | 'a' | 'v'))
        {
            return true;
        }
    }
    false
}

/// Use of the value of an expression.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    /// A loop or a filter goes through it, and nobody sees it again.
    Consumed,
    Printed,
    /// Printed, once it is escaped.
    Escaped,
    Kept,
}

/// Returns the use of the value of one of the expressions [`below`] one.
fn use_of(expr: &Expr<'_>, index: usize, used: Use) -> Use {
    match expr {
        // Python formats markup otherwise than a text.
        Expr::Filter(filter) if filter.name == "format" => Use::Kept,
        Expr::Filter(filter) if ["d", "default"].contains(&filter.name) => used,
        Expr::Filter(filter) if filters::TEXTUAL.contains(&filter.name) => Use::Printed,
        Expr::Filter(filter) if index == 0 && filter.expr.is_some() => Use::Consumed,
        Expr::IfExpr(_) if index != 1 => used,
        Expr::BinOp(binary) => match binary.op {
            BinOpKind::ScAnd | BinOpKind::ScOr => used,
            BinOpKind::In if index == 1 => Use::Consumed,
            BinOpKind::Concat => Use::Printed,
            _ => Use::Kept,
        },
        _ => Use::Kept,
    }
}

impl Walk<'_> {
    fn statements(&mut self, all: &[Stmt<'_>]) -> Res<()> {
        all.iter().try_for_each(|statement| self.statement(statement))
    }

    fn scope(&mut self, all: &[Stmt<'_>], ends_with_block: bool) -> Res<()> {
        let outer = std::mem::replace(&mut self.ends_with_block, ends_with_block);
        self.depth += 1;
        let result = self.statements(all);
        self.depth -= 1;
        self.ends_with_block = outer;
        result
    }

    fn statement(&mut self, statement: &Stmt<'_>) -> Res<()> {
        match statement {
            Stmt::Template(template) => self.statements(&template.children),
            Stmt::EmitRaw(_) => Ok(()),
            // What is escaped is markup to Python; printed, it is a text like any other.
            Stmt::EmitExpr(emit) => match &emit.expr {
                Expr::Filter(filter)
                    if filters::ESCAPING.contains(&filter.name) && filter.args.is_empty() =>
                {
                    let Some(expr) = &filter.expr else { return Ok(()) };
                    self.expression(expr, Use::Escaped)?;
                    self.wrap(expr, TEXT);
                    Ok(())
                }
                expr => self.expression(expr, Use::Printed),
            },
            Stmt::ForLoop(each) => {
                self.expression(&each.iter, Use::Consumed)?;
                self.wrap(&each.iter, EACH);
                each.filter_expr.iter().try_for_each(|expr| self.expression(expr, Use::Kept))?;
                self.scope(&each.body, false)?;
                self.scope(&each.else_body, false)
            }
            Stmt::IfCond(choice) => {
                self.expression(&choice.expr, Use::Kept)?;
                self.statements(&choice.true_body)?;
                self.statements(&choice.false_body)
            }
            Stmt::WithBlock(with) => {
                let mut names = vec![];
                for (target, expr) in &with.assignments {
                    if mentions(expr, &names) {
                        let message = "`with` reads its values before it sets any in Jinja2";
                        let fault = Fault::otherwise(message, "a `with` inside the other one");
                        return Err(fault.at(&range(expr.span())));
                    }
                    if let Expr::Var(var) = target {
                        names.push(var.id);
                    }
                }
                with.assignments.iter().try_for_each(|(_, expr)| self.expression(expr, Use::Kept))?;
                self.scope(&with.body, false)
            }
            Stmt::Set(set) => {
                if self.ends_with_block {
                    let fault = Fault::otherwise(
                        "what is set in a `filter` or `set` block is gone behind it in Jinja2",
                        "`set` in front of the block",
                    );
                    return Err(fault.at(&range(set.span())));
                }
                self.expression(&set.expr, Use::Kept)
            }
            Stmt::SetBlock(set) => {
                set.filter.iter().try_for_each(|filter| self.expression(filter, Use::Printed))?;
                self.scope(&set.body, true)
            }
            Stmt::AutoEscape(block) if block.enabled.as_const().is_some_and(|value| !value.is_true()) => {
                self.statements(&block.body)
            }
            Stmt::AutoEscape(block) => {
                let fault = Fault::otherwise("escaping everything is not done here", "`|e` at each text");
                Err(fault.at(&range(block.span())))
            }
            Stmt::FilterBlock(block) => {
                if !self.split_time_shift(&block.filter)? {
                    self.expression(&block.filter, Use::Printed)?;
                }
                self.scope(&block.body, true)
            }
            Stmt::Block(block) if self.depth > 0 => {
                let message = "a block inside another one doesn't see its variables in Jinja2";
                Err(Fault::otherwise(message, "the block outside, or no block").at(&range(block.span())))
            }
            Stmt::Block(block) => self.statements(&block.body),
            Stmt::Import(import) => self.expression(&import.expr, Use::Kept),
            Stmt::FromImport(import) => self.expression(&import.expr, Use::Kept),
            Stmt::Extends(extends) => self.expression(&extends.name, Use::Kept),
            Stmt::Include(include) => {
                let behind = self.text.get(range(include.span()).start..).unwrap_or_default();
                let tag = behind.split(self.syntax.block_end.as_str()).next().unwrap_or_default();
                if tag.contains("without context") {
                    let fault = Fault::otherwise("`without context` is not done here", "leave it out");
                    return Err(fault.at(&range(include.span())));
                }
                self.expression(&include.name, Use::Kept)
            }
            Stmt::Macro(declaration) => self.define(declaration),
            Stmt::CallBlock(block) => {
                self.call(&block.call)?;
                self.define(&block.macro_decl)
            }
            Stmt::Continue(tag) => self.extension("continue", self.syntax.loop_controls, range(tag.span())),
            Stmt::Break(tag) => self.extension("break", self.syntax.loop_controls, range(tag.span())),
            Stmt::Do(block) => {
                self.extension("do", self.syntax.do_tag, range(block.span()))?;
                self.call(&block.call)
            }
        }
    }

    fn extension(&self, tag: &str, is_there: bool, at: Range<usize>) -> Res<()> {
        if is_there {
            return Ok(());
        }
        let name = if tag == "do" { "jinja2.ext.do" } else { "jinja2.ext.loopcontrols" };
        let fault = Fault::new("unknown-tag", format!("there is no tag `{tag}`"));
        Err(fault.hint(&format!("the extension `{name}` has it: `_extensions` in cookiecutter.json")).at(&at))
    }

    fn define(&mut self, declaration: &Macro<'_>) -> Res<()> {
        declaration.defaults.iter().try_for_each(|expr| self.expression(expr, Use::Kept))?;
        let outer = std::mem::replace(&mut self.is_in_macro, true);
        let result = self.scope(&declaration.body, false);
        self.is_in_macro = outer;
        result
    }

    /// Takes the time and its shift apart: `'utc' + 'days=1'` are two texts.
    fn split_time_shift(&mut self, filter: &Expr<'_>) -> Res<bool> {
        let Expr::Filter(filter) = filter else { return Ok(false) };
        let ("now", [CallArg::Pos(Expr::BinOp(shift)), rest @ ..]) = (filter.name, &filter.args[..]) else {
            return Ok(false);
        };
        let sign = match shift.op {
            BinOpKind::Add => "+",
            BinOpKind::Sub => "-",
            _ => return Ok(false),
        };
        let between = self.whole(&shift.left).end..self.whole(&shift.right).start;
        let offset = self.text.get(between.clone()).and_then(|between| between.find(sign));
        let Some(offset) = offset else { return Ok(false) };
        let at = between.start + offset;
        self.edits.push(Edit { at: at..at + 1, by: format!(", '{sign}', ") });
        let parts = [&shift.left, &shift.right].into_iter().chain(rest.iter().map(argument));
        parts.into_iter().try_for_each(|part| self.expression(part, Use::Kept))?;
        Ok(true)
    }

    fn call(&mut self, call: &Spanned<Call<'_>>) -> Res<()> {
        for arg in &call.args {
            if matches!(arg, CallArg::PosSplat(_) | CallArg::KwargSplat(_)) {
                let fault =
                    Fault::otherwise("`*` in front of arguments is not done here", "each argument by itself");
                return Err(fault.at(&range(argument(arg).span())));
            }
            let is_loop = matches!(&call.expr, Expr::Var(var) if var.id == "loop");
            self.expression(argument(arg), if is_loop { Use::Consumed } else { Use::Kept })?;
            if !is_loop && !is_scalar(argument(arg)) {
                self.wrap(argument(arg), COST);
            }
        }
        match &call.expr {
            Expr::GetAttr(get) => {
                self.attribute(get.name, range(get.span()))?;
                match &get.expr {
                    Expr::Var(var) if var.id == "self" => Ok(()),
                    expr => self.expression(expr, Use::Kept),
                }
            }
            Expr::Var(var) if var.id == "loop" => {
                call.args.iter().for_each(|arg| self.wrap(argument(arg), EACH));
                Ok(())
            }
            expr => self.expression(expr, Use::Kept),
        }
    }

    fn attribute(&self, name: &str, at: Range<usize>) -> Res<()> {
        if name.starts_with("__") && name.ends_with("__") {
            return Err(Fault::new("python", format!("`{name}` leads into Python itself")).at(&at));
        }
        Ok(())
    }

    fn expression(&mut self, expr: &Expr<'_>, used: Use) -> Res<()> {
        self.levels += 1;
        if self.levels > MAX_LEVELS {
            let fault = Fault::new("nesting", "this lies too many levels in one another");
            return Err(fault.at(&range(expr.span())));
        }
        let result = self.check_expression(expr, used);
        self.levels -= 1;
        result
    }

    fn check_expression(&mut self, expr: &Expr<'_>, used: Use) -> Res<()> {
        let at = range(expr.span());
        match expr {
            Expr::Const(constant) => return self.constant(&constant.value, &at),
            Expr::Var(var) if var.id == "self" => {
                let fault =
                    Fault::otherwise("`self` alone is not known here", "a block of it: `self.title()`");
                return Err(fault.at(&at));
            }
            Expr::Var(var) if self.is_in_macro && ["varargs", "kwargs"].contains(&var.id) => {
                let message = format!("macros take no `{}` here", var.id);
                return Err(Fault::otherwise(message, "name each argument, or take a list").at(&at));
            }
            Expr::Call(call) => {
                let is_range = matches!(&call.expr, Expr::Var(var) if var.id == "range");
                if is_range && used != Use::Consumed {
                    let fault = Fault::otherwise("a range is no list in Python", "`|list` behind it");
                    return Err(fault.at(&at));
                }
                return self.call(call);
            }
            Expr::GetAttr(get) => {
                self.attribute(get.name, at.clone())?;
                if OF_DICTS.contains(&get.name) {
                    let message = format!("`{}` is a method of dictionaries in Python", get.name);
                    return Err(Fault::otherwise(
                        message,
                        &format!("the key in brackets: `['{}']`", get.name),
                    )
                    .at(&at));
                }
                let is_of_macros = ["arguments", "catch_kwargs", "catch_varargs"].contains(&get.name);
                if is_of_macros && matches!(get.expr, Expr::Var(_)) {
                    let message = format!("`{}` of a macro is not known here", get.name);
                    return Err(Fault::otherwise(message, "write it out").at(&at));
                }
            }
            Expr::GetItem(get) => {
                if let Some(name) = get.subscript_expr.as_const().as_ref().and_then(Value::as_str) {
                    self.attribute(name, at.clone())?;
                }
            }
            Expr::Filter(filter) => self.filter(filter, &at, used)?,
            Expr::Test(test) => {
                let is_added = self.names.tests.iter().any(|name| name == test.name);
                filters::check_test(test.name)
                    .or_else(|fault| if is_added { Ok(()) } else { Err(fault.at(&at)) })?;
            }
            _ => {}
        }
        for (index, inner) in below(expr).into_iter().enumerate() {
            self.expression(inner, use_of(expr, index, used))?;
        }
        self.charge(expr);
        if let Expr::BinOp(binary) = expr
            && let Some((sign, filter)) = ordering(binary.op)
        {
            self.compare(&binary.left, sign, filter, &binary.right)?;
        }
        if let Expr::BinOp(binary) = expr
            && matches!(binary.op, BinOpKind::Concat)
        {
            for side in [&binary.left, &binary.right] {
                let is_text = match side {
                    Expr::Const(constant) => constant.value.as_str().is_some() || constant.value.is_integer(),
                    Expr::BinOp(inner) => matches!(inner.op, BinOpKind::Concat),
                    _ => false,
                };
                if !is_text {
                    self.wrap(side, TEXT);
                }
            }
        }
        Ok(())
    }

    fn filter(&mut self, filter: &Filter<'_>, at: &Range<usize>, used: Use) -> Res<()> {
        if filters::ESCAPING.contains(&filter.name) {
            let message =
                format!("`|{}` makes markup in Python, which goes on otherwise than a text", filter.name);
            return Err(Fault::otherwise(message, "it as the last filter of `{{ … }}`").at(at));
        }
        if filter.name == "tojson" && !matches!(used, Use::Printed | Use::Consumed) {
            let message = "`|tojson` makes markup in Python, which goes on otherwise than a text";
            return Err(Fault::otherwise(message, "it as the last filter of `{{ … }}`, or `|jsonify`").at(at));
        }
        let is_spent = filters::SINGLE_PASS.contains(&filter.name) && used != Use::Consumed;
        if is_spent && !(filter.name == "reverse" && used == Use::Printed) {
            let message = format!("what `|{}` makes can be gone through once in Python", filter.name);
            return Err(Fault::otherwise(message, "`|list` behind it, or `|join`").at(at));
        }
        if self.names.filters.iter().any(|name| name == filter.name) {
            return Ok(());
        }
        filters::check_filter(filter.name).map_err(|fault| fault.at(at))?;
        if filters::ORDERING.contains(&filter.name)
            && let Some(expr) = &filter.expr
        {
            self.wrap(expr, ORDER);
        }
        Ok(())
    }

    fn constant(&self, value: &Value, at: &Range<usize>) -> Res<()> {
        let literal = self.text.get(at.clone()).unwrap_or_default();
        if value.as_str().is_some() && has_other_escape(literal) {
            let message = "this escape is read differently here";
            let instead = "the character itself, or `\\u` and four digits";
            return Err(Fault::otherwise(message, instead).at(at));
        }
        if [".e", ".E"].iter().any(|point| value.as_str().is_none() && literal.contains(point)) {
            return Err(
                Fault::otherwise("this number is read differently here", "digits behind the point").at(at)
            );
        }
        let mut digits = literal.chars().filter(|c| *c != '_');
        let has_zero = digits.next() == Some('0') && digits.next().is_some_and(|c| c.is_ascii_digit());
        let is_octal = value.is_integer() && has_zero && value.is_true();
        if is_octal {
            return Err(Fault::new("syntax", "numbers don't begin with 0").at(at));
        }
        if !value.is_undefined() && value.as_str().is_none() && value.as_object().is_none() {
            printing::check(value).map_err(|error| fault::of(&error, literal, &Value::UNDEFINED).at(at))?;
        }
        Ok(())
    }

    /// Makes `a < b` the filter `(a)|_lt(b)`, which refuses what Python can't compare.
    fn compare(&mut self, left: &Expr<'_>, sign: &str, filter: &str, right: &Expr<'_>) -> Res<()> {
        let (left, right) = (self.whole(left), self.whole(right));
        let between = self.text.get(left.end..right.start).unwrap_or_default();
        let Some(at) = between.find(sign).map(|at| left.end + at) else {
            let fault = Fault::otherwise("this comparison is not read here", "each side in parentheses");
            return Err(fault.at(&(left.start..right.end)));
        };
        self.edits.push(Edit { at: left.start..left.start, by: "(".to_string() });
        self.edits.push(Edit { at: at..at + sign.len(), by: format!(")|{filter}(") });
        self.edits.push(Edit { at: right.end..right.end, by: ")".to_string() });
        Ok(())
    }

    /// Makes an operation pay for what it goes through.
    fn charge(&mut self, expr: &Expr<'_>) {
        let parts: Vec<&Expr<'_>> = match expr {
            Expr::Filter(filter) if filters::SHALLOW.contains(&filter.name) => {
                filter.expr.iter().filter(|of| !is_open(of)).for_each(|of| self.wrap(of, LENGTH));
                return;
            }
            Expr::Filter(filter) if !["now", "d", "default"].contains(&filter.name) => below(expr),
            Expr::Test(test) if !filters::SHALLOW_TESTS.contains(&test.name) => below(expr),
            Expr::Compare(_) => below(expr),
            Expr::BinOp(binary) => {
                let is_shallow = is_scalar(&binary.left) || is_scalar(&binary.right);
                match binary.op {
                    BinOpKind::Add if !is_shallow => return self.wrap(expr, LIST),
                    BinOpKind::Eq | BinOpKind::Ne | BinOpKind::In if !is_shallow => below(expr),
                    _ => return,
                }
            }
            Expr::Slice(slice) => return self.wrap_inside(&slice.expr, LENGTH),
            Expr::GetItem(get) if is_scalar(&get.subscript_expr) && is_text(&get.subscript_expr) => return,
            Expr::GetItem(get) => {
                self.wrap_inside(&get.expr, LENGTH);
                vec![&get.subscript_expr]
            }
            Expr::Map(map) => map.keys.iter().collect(),
            _ => return,
        };
        let parts = parts.into_iter().filter(|part| !is_scalar(part) && !is_open(part));
        parts.for_each(|part| self.wrap(part, COST));
    }

    /// Puts a filter behind an expression.
    fn wrap(&mut self, expr: &Expr<'_>, filter: &str) {
        let at = self.whole(expr);
        self.edits.push(Edit { at: at.start..at.start, by: "(".to_string() });
        self.edits.push(Edit { at: at.end..at.end, by: format!(")|{filter}") });
    }

    /// Puts a filter behind an expression that something else follows: `((a)|filter)[0]`.
    fn wrap_inside(&mut self, expr: &Expr<'_>, filter: &str) {
        let at = self.whole(expr);
        self.edits.push(Edit { at: at.start..at.start, by: "((".to_string() });
        self.edits.push(Edit { at: at.end..at.end, by: format!(")|{filter})") });
    }

    /// Returns all that an expression is written with, its own parentheses included.
    fn whole(&self, expr: &Expr<'_>) -> Range<usize> {
        // The span of an operation begins with the token in front of it.
        let is_operation =
            matches!(expr, Expr::BinOp(_) | Expr::Compare(_) | Expr::IfExpr(_) | Expr::UnaryOp(_));
        let own = (!is_operation).then(|| range(expr.span()));
        let parts = own.into_iter().chain(below(expr).into_iter().map(|inner| self.whole(inner)));
        let mut at = parts.reduce(|a, b| a.start.min(b.start)..a.end.max(b.end)).unwrap_or_default();
        if let Expr::UnaryOp(unary) = expr {
            let before = self.text.get(..at.start).unwrap_or_default().trim_end();
            let sign = if matches!(unary.op, UnaryOpKind::Not) { "not" } else { "-" };
            // There is none in front of `a not in b`.
            at.start = before.strip_suffix(sign).map_or(at.start, str::len);
        }
        let parens = self.parens.get_or_init(|| parens(self.text, self.config));
        let begin = parens.partition_point(|(place, _)| *place < at.start);
        let end = parens.partition_point(|(place, _)| *place < at.end);
        let (before, inside) = parens.split_at(begin);
        let (inside, behind) = inside.split_at(end - begin);
        let (mut depth, mut lowest) = (0_i32, 0_i32);
        for (_, opens) in inside {
            depth += if *opens { 1 } else { -1 };
            lowest = lowest.min(depth);
        }
        let missing_before = usize::try_from(-lowest).unwrap_or_default();
        let missing_behind = usize::try_from(depth - lowest).unwrap_or_default();
        let start =
            before.iter().rev().take(missing_before).next_back().map_or(at.start, |(place, _)| *place);
        let end = behind.iter().take(missing_behind).next_back().map_or(at.end, |(place, _)| *place + 1);
        start..end
    }
}
