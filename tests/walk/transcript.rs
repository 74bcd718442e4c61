//! Transcripts in Markdown: commands, and what they print.

/// A command and the lines that follow it in the transcript.
pub struct Step {
    pub command: String,
    pub expected: Vec<String>,
}

/// The commands between `<!-- NAME -->` and `<!-- /NAME -->`, in the blocks marked as `console`.
pub fn steps(markdown: &str, name: &str) -> Vec<Step> {
    let (start, end) = (format!("<!-- {name} -->"), format!("<!-- /{name} -->"));
    let part = markdown.split_once(&start).and_then(|(_, rest)| rest.split_once(&end));
    let mut steps: Vec<Step> = vec![];
    let mut in_block = false;
    let mut continued = false;
    for line in part.map(|(part, _)| part).unwrap_or_default().lines() {
        match line.strip_prefix("```") {
            Some(language) => in_block = !in_block && language == "console",
            None if !in_block => {}
            None if continued => {
                let step = steps.last_mut().expect("a command that goes on");
                continued = line.ends_with('\\');
                step.command.push('\n');
                step.command.push_str(line);
            }
            None => match (line.strip_prefix("$ "), steps.last_mut()) {
                (Some(command), _) => {
                    continued = command.ends_with('\\');
                    steps.push(Step { command: command.to_string(), expected: vec![] });
                }
                (None, Some(step)) => step.expected.push(line.to_string()),
                (None, None) => panic!("output before any command: {line}"),
            },
        }
    }
    steps
}

impl Step {
    /// Checks that a command printed these lines in this order. A line `…` stands for any number of
    /// lines, and `…` in a line for any text: names that AWS gives, and times.
    pub fn fits(&self, said: &str) -> Result<(), String> {
        let said: Vec<&str> = said.lines().map(str::trim_end).filter(|line| !line.is_empty()).collect();
        let expected: Vec<&str> =
            self.expected.iter().map(|line| line.trim_end()).filter(|line| !line.is_empty()).collect();
        let mut at = 0;
        let mut any = false;
        for (index, line) in expected.iter().enumerate() {
            if line.trim() == "…" {
                any = true;
                continue;
            }
            let found = said[at..].iter().position(|other| alike(line, other));
            match found {
                Some(skipped) if skipped == 0 || any => at += skipped + 1,
                Some(_) | None => return Err(format!("line {}, not found: {line}", index + 1)),
            }
            any = false;
        }
        match said.get(at) {
            Some(more) if !any => Err(format!("more than it says: {more}")),
            _ => Ok(()),
        }
    }
}

/// Returns true if a line is as written, with any text for each `…`, and any number of seconds.
fn alike(pattern: &str, line: &str) -> bool {
    let (pattern, line) = (without_times(pattern), without_times(line));
    let mut parts = pattern.split('…');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// A line with its times as zeros, and its gaps as wide as one space.
fn without_times(line: &str) -> String {
    let words: Vec<&str> = line.split_whitespace().collect();
    let word = |index: usize, word: &str| {
        let next = words.get(index + 1).copied().unwrap_or_default();
        let is_time = word.parse::<f64>().is_ok() && (next == "s" || next.starts_with("s:"));
        if is_time { "0".to_string() } else { word.to_string() }
    };
    words.iter().enumerate().map(|(index, text)| word(index, text)).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fits(expected: &str, said: &str) -> bool {
        let expected = expected.lines().map(str::to_string).collect();
        Step { command: String::new(), expected }.fits(said).is_ok()
    }

    #[test]
    fn what_differs_from_run_to_run_is_passed_over_and_nothing_else() {
        assert!(fits("Done in 1.7 s: 60 created.", "Done in 12.9 s: 60 created."));
        assert!(!fits("Done in 1.7 s: 60 created.", "Done in 12.9 s: 61 created."));
        assert!(fits("first\n…\nlast", "first\nx\ny\nlast"));
        assert!(!fits("first\nlast", "first\nx\nlast"));
        assert!(!fits("first", "first\nmore"));
        assert!(fits("created vpc-… in it", "created vpc-0a1b in it"));
        assert!(!fits("created vpc-… in it", "created subnet-0a1b in it"));
    }

    #[test]
    fn a_command_may_go_on_over_lines() {
        let text = "<!-- walk -->\n```console\n$ one \\\n    two\nout\n$ three\n```\n<!-- /walk -->\n";
        let steps = steps(text, "walk");
        assert_eq!(steps[0].command, "one \\\n    two");
        assert_eq!(
            (steps[0].expected.as_slice(), steps[1].command.as_str()),
            (&["out".to_string()][..], "three")
        );
    }
}
