//! JSON that somebody wrote, and where it is none.

use serde::de::DeserializeOwned;

use super::{Problem, SourceFile};

/// Reads a file of JSON that may have so many bytes; nesting ends at 128 levels.
///
/// # Errors
/// Fails if the file is larger than `limit`, isn't UTF-8, or isn't JSON that fits `T`.
pub fn from_json<T: DeserializeOwned>(file: &SourceFile, limit: usize) -> Result<T, Box<Problem>> {
    if file.text().len() > limit {
        let limit =
            if limit < 1 << 20 { format!("{} KiB", limit >> 10) } else { format!("{} MB", limit >> 20) };
        let message = format!("the file is larger than {limit}");
        return Err(Box::new(Problem::error("too-large", file.place(0..0), message)));
    }
    if let Some(flaw) = file.not_utf8() {
        let place = file.place(flaw.at..flaw.at + 1);
        return Err(Box::new(
            Problem::error("not-utf8", place, "this file is not UTF-8").help("save it as UTF-8"),
        ));
    }
    serde_json::from_str(file.text()).map_err(|error| {
        let lines = file.text().split_inclusive('\n').take(error.line().saturating_sub(1));
        let at = lines.map(str::len).sum::<usize>() + error.column().saturating_sub(1);
        let text = error.to_string();
        let message = text.split(" at line ").next().unwrap_or(&text);
        Box::new(Problem::error("json", file.place(at..at), message))
    })
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::findings::Findings;

    #[test]
    fn a_fault_inside_a_letter_is_shown_at_the_letter() {
        for text in [
            "{\"a\": é}",
            "{\"a\": \"x\"}\n🦀",
            "{\n  \"ż\": 1,\n  ż\n}",
            "\"\u{1}é",
            "é",
            "\"é",
            "{\"é\u{7}\": 1}",
        ] {
            let file = SourceFile::new("a.json", text);
            let problem = *from_json::<Value>(&file, 1 << 20).expect_err(text);
            let (line, column) = (problem.place.line, problem.place.column);
            let letters = text.lines().nth(line - 1).map_or(0, |line| line.chars().count());
            assert!(column <= letters + 1, "{text}: {line}:{column}");
            let shown = Findings { problems: vec![problem], files: vec![file] }.render(false);
            assert!(shown.contains(&format!("a.json:{line}:{column}")), "{shown}");
        }
    }
}
