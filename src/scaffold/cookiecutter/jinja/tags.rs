//! Tags that minijinja doesn't have, and lines that it reads otherwise.

use minijinja::machinery::{Token, tokenize};
use minijinja::syntax::SyntaxConfig;

use super::Syntax;
use super::edits::Edit;
use super::fault::{Fault, Res};
use super::prepare::range;

/// Makes a block of each `{% now … %}`: `{% filter now(…) %}{% endfilter %}`.
pub fn tags(source: &str, syntax: &Syntax, config: &SyntaxConfig) -> Res<Vec<Edit>> {
    let comment = syntax.line_comment.as_ref().and_then(|prefix| Some((source.find(prefix)?, prefix.len())));
    if let Some((at, length)) = comment {
        let fault = Fault::otherwise("comments of a line are read otherwise here", "a comment: `{# … #}`");
        return Err(fault.at(&(at..at + length)));
    }
    let mut edits = vec![];
    if syntax.line_statement.is_none() && !source.contains("now") {
        return Ok(edits);
    }
    let mut tokens = tokenize(source, false, config.clone());
    // What is wrong with a token is told with its place when the text is parsed.
    while let Some(Ok((token, start))) = tokens.next() {
        if !matches!(token, Token::BlockStart) {
            continue;
        }
        let name = match tokens.next() {
            Some(Ok((Token::Ident("now"), name))) => Some(name),
            _ => None,
        };
        let end = tokens.by_ref().map_while(Result::ok).find(|(token, _)| matches!(token, Token::BlockEnd));
        let Some((_, end)) = end else { break };
        if !source.get(range(start)).is_some_and(|tag| tag.starts_with(&syntax.block_start)) {
            line_statement(source, range(end).end).map_err(|fault| fault.at(&range(start)))?;
            if let Some(name) = name {
                let fault = Fault::otherwise(
                    "`now` in a line of its own is not read here",
                    "a tag: `{% now 'utc' %}`",
                );
                return Err(fault.at(&range(name)));
            }
        }
        let Some(name) = name else { continue };
        edits.push(Edit { at: range(name), by: "filter now(".to_string() });
        let closing = format!(") {}{} endfilter ", syntax.block_end, syntax.block_start);
        let at = end.start_offset as usize;
        edits.push(Edit { at: at..at, by: closing });
    }
    Ok(edits)
}

/// Refuses empty lines behind a statement that has a line of its own: Jinja2 leaves them out.
fn line_statement(source: &str, end: usize) -> Res<()> {
    let behind = source.get(end..).unwrap_or_default();
    let is_behind = source.get(..end).is_some_and(|before| before.ends_with('\n'));
    let behind = if is_behind { behind } else { behind.strip_prefix('\n').unwrap_or(behind) };
    let space = behind.get(..behind.len() - behind.trim_start().len()).unwrap_or_default();
    if space.contains('\n') || (!space.is_empty() && space.len() == behind.len()) {
        return Err(Fault::otherwise("Jinja2 leaves out empty lines behind this", "no empty line behind it"));
    }
    Ok(())
}
