//! Problems as people read them: the message, the line it is about, and what to do.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Level, Renderer, Snippet, normalize_untrusted_str};

use super::problem::{Place, Problem, Severity};
use super::source::SourceFile;

/// Longest part of a line that is shown at all.
const LINE_LIMIT: usize = 2_000;

/// Shows a problem with the lines that it is about.
pub(super) fn problem(problem: &Problem, files: &[SourceFile], color: bool) -> String {
    let level = match problem.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let mut group =
        level.primary_title(problem.message.as_str()).id(problem.code).elements(snippets(problem, files));
    if let Some(meant) = &problem.did_you_mean {
        group = group.element(Level::HELP.message(trusted(&format!("did you mean `{meant}`?"))));
    }
    for help in &problem.help {
        group = group.element(Level::HELP.message(trusted(help)));
    }
    let renderer = if color { Renderer::styled() } else { Renderer::plain() };
    renderer.render(&[group]).lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// One snippet for each file that has a part in the problem, its own first.
fn snippets<'a>(problem: &'a Problem, files: &[SourceFile]) -> Vec<Snippet<'a, Annotation<'a>>> {
    let mut names = vec![problem.place.file.as_str()];
    for related in &problem.related {
        if !names.contains(&related.place.file.as_str()) {
            names.push(&related.place.file);
        }
    }
    names.into_iter().map(|name| snippet(problem, name, files)).collect()
}

/// Counts the bytes of the lines that a problem is shown with.
pub(super) fn extent(problem: &Problem, files: &[SourceFile]) -> usize {
    let places =
        || std::iter::once(&problem.place).chain(problem.related.iter().map(|related| &related.place));
    let of =
        |file: &SourceFile| window(file.text(), places().filter(|place| place.file == file.name())).len();
    files.iter().filter(|file| places().any(|place| place.file == file.name())).map(of).sum()
}

fn snippet<'a>(problem: &'a Problem, name: &'a str, files: &[SourceFile]) -> Snippet<'a, Annotation<'a>> {
    let mut marks = Vec::new();
    if problem.place.file == name {
        marks.push((AnnotationKind::Primary, &problem.place, problem.label.as_deref()));
    }
    let related = problem.related.iter().filter(|related| related.place.file == name);
    marks.extend(related.map(|r| (AnnotationKind::Context, &r.place, Some(r.message.as_str()))));

    let text = files.iter().find(|file| file.name() == name).map(SourceFile::text).unwrap_or_default();
    let window = window(text, marks.iter().map(|(_, place, _)| *place));
    let line_start = marks.iter().map(|(_, place, _)| place.line).min().unwrap_or(1);
    let source = text.get(window.clone()).unwrap_or_default().to_owned();
    let annotations: Vec<_> = marks
        .into_iter()
        .map(|(kind, place, label)| {
            let [start, end] = [place.span.start, place.span.end].map(|at| at.saturating_sub(window.start));
            let span = shown(&source, start..end);
            kind.span(span).label(label.map(trusted))
        })
        .collect();
    Snippet::source(source).path(trusted(name)).line_start(line_start).annotations(annotations)
}

/// The whole lines in which places begin, from the first to the last.
fn window<'p>(text: &str, places: impl Iterator<Item = &'p Place>) -> Range<usize> {
    let (mut first, mut last) = (text.len(), 0);
    for place in places {
        first = first.min(place.span.start);
        last = last.max(place.span.start);
    }
    let (first, last) = (text.floor_char_boundary(first), text.floor_char_boundary(last));
    let start = text[..first].rfind('\n').map_or(0, |at| at + 1);
    let end = text[last..].find('\n').map_or(text.len(), |at| last + at);
    start..end.max(start)
}

/// The part of a span that is on its first line and not endless.
fn shown(source: &str, span: Range<usize>) -> Range<usize> {
    let start = source.floor_char_boundary(span.start);
    let rest = source.get(start..source.ceil_char_boundary(span.end).max(start)).unwrap_or_default();
    let line = rest.lines().next().unwrap_or_default().trim_end();
    let length: usize = line.chars().take(LINE_LIMIT).map(char::len_utf8).sum();
    start..start + length
}

/// Makes text from a file harmless for a terminal.
fn trusted(text: &str) -> String {
    normalize_untrusted_str(text)
}
