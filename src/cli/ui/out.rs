//! The way to standard output and standard error: nothing from outside is a command there to a terminal, to GitHub's
//! runner or to an eye.

use std::fmt::{self, Write as _};
use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use anstream::{AutoStream, ColorChoice};

use super::secrets::masked;

/// A style of text. It is a mark that only [`shown`] turns into what a terminal understands, so that every other
/// escape sequence is one from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style(char);

pub const GOOD: Style = Style('\u{fdd1}');
pub const CHANGED: Style = Style('\u{fdd2}');
pub const BAD: Style = Style('\u{fdd3}');
pub const DIM: Style = Style('\u{fdd4}');
pub const BOLD: Style = Style('\u{fdd5}');

/// Each mark, and its escape sequence; the first ends all styles.
const MARKS: &[(char, &str)] = &[
    (RESET, "\u{1b}[0m"),
    (GOOD.0, "\u{1b}[32m"),
    (CHANGED.0, "\u{1b}[33m"),
    (BAD.0, "\u{1b}[31m"),
    (DIM.0, "\u{1b}[2m"),
    (BOLD.0, "\u{1b}[1m"),
];

const RESET: char = '\u{fdd0}';

/// Begins the style; with `{:#}`, ends it.
impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_char(if f.alternate() { RESET } else { self.0 })
    }
}

/// Returns whether a text has styles of ours.
pub fn is_styled(text: &str) -> bool {
    text.chars().any(|sign| sequence(sign).is_some())
}

/// Returns a text without its styles.
pub fn plain(text: &str) -> String {
    text.chars().filter(|sign| sequence(*sign).is_none()).collect()
}

fn sequence(sign: char) -> Option<&'static str> {
    MARKS.iter().find(|(mark, _)| *mark == sign).map(|(_, sequence)| *sequence)
}

/// Readers of what is printed, and what they may be shown.
#[derive(Debug, Clone, Copy, Default)]
struct Reader {
    /// GitHub's runner, for which no line may be a command.
    github: bool,
    /// Colours of a library stay; other escape sequences are none of its own.
    colours: bool,
    /// Nothing that understands styles: they are left out.
    plain: bool,
}

/// Returns a text as it is printed: without secrets, styles as a terminal has them, and characters that only act as their
/// numbers.
fn shown(text: &str, reader: Reader) -> String {
    let text = masked(text);
    text.split('\n').map(|line| shown_line(line, reader)).collect::<Vec<_>>().join("\n")
}

fn shown_line(line: &str, reader: Reader) -> String {
    let mut shown = String::with_capacity(line.len());
    let (mut rest, end) = line.strip_suffix('\r').map_or((line, ""), |text| (text, "\r"));
    let (mut is_blank, mut hashes) = (true, 0);
    while let Some(sign) = rest.chars().next() {
        let (kept, after) = rest.split_at(style_length(rest, reader));
        if !kept.is_empty() {
            if !reader.plain {
                shown.push_str(sequence(sign).unwrap_or(kept));
            }
            rest = after;
            continue;
        }
        rest = &rest[sign.len_utf8()..];
        if reader.github && is_blank && sign == ':' && next(rest, reader) == Some(':') {
            shown.push('\\');
        }
        match sign {
            // `##[command]` is one wherever it stands in a line.
            '[' if reader.github && hashes >= 2 => shown.push_str("\\u{5b}"),
            sign if acts(sign) => shown.push_str(&format!("\\u{{{:x}}}", u32::from(sign))),
            sign => shown.push(sign),
        }
        hashes = if sign == '#' { hashes + 1 } else { 0 };
        is_blank &= sign.is_whitespace();
    }
    shown + end
}

/// Returns the next character that is no part of a style.
fn next(mut text: &str, reader: Reader) -> Option<char> {
    while style_length(text, reader) > 0 {
        text = &text[style_length(text, reader)..];
    }
    text.chars().next()
}

/// Returns how many bytes at the start of a text are a style.
fn style_length(text: &str, reader: Reader) -> usize {
    let Some(sign) = text.chars().next() else { return 0 };
    if sequence(sign).is_some() {
        return sign.len_utf8();
    }
    let Some(numbers) = text.strip_prefix("\u{1b}[").filter(|_| reader.colours) else { return 0 };
    let end = numbers.find(|sign: char| !sign.is_ascii_digit() && sign != ';').unwrap_or(numbers.len());
    if numbers[end..].starts_with('m') { text.len() - numbers.len() + end + 1 } else { 0 }
}

/// Returns whether a character has no shape, but an effect on what is around it.
fn acts(sign: char) -> bool {
    (sign.is_control() && sign != '\t')
        || matches!(u32::from(sign),
            0xad | 0x61c | 0x115f..=0x1160 | 0x180e | 0x200b..=0x200f | 0x2028..=0x202e | 0x2060..=0x206f | 0x3164
            | 0xfdd0..=0xfdef | 0xfeff | 0xffa0 | 0xfff9..=0xfffb | 0xe0000..=0xe0fff)
}

/// A stream that text is written to.
pub struct Stream {
    writer: Mutex<Box<dyn Write + Send>>,
    has_color: bool,
}

impl Stream {
    pub fn new(writer: impl Write + Send + 'static, has_color: bool) -> Stream {
        Stream { writer: Mutex::new(Box::new(writer)), has_color }
    }

    fn write(&self, text: &str) -> io::Result<()> {
        let mut writer = self.writer.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
        writer.write_all(text.as_bytes()).and_then(|()| writer.flush())
    }
}

/// Standard output and standard error, or what stands for them.
pub struct Out {
    stdout: Stream,
    stderr: Stream,
    /// Set if GitHub Actions reads along and understands its commands.
    pub is_github: bool,
}

impl Out {
    pub fn new(stdout: Stream, stderr: Stream, is_github: bool) -> Out {
        Out { stdout, stderr, is_github }
    }

    /// The streams of this process, coloured where a terminal is at their end and nobody said otherwise.
    pub fn of_process() -> Out {
        let has_color = |choice: ColorChoice| choice != ColorChoice::Never;
        let stdout = Stream::new(io::stdout(), has_color(AutoStream::choice(&io::stdout())));
        let stderr = Stream::new(io::stderr(), has_color(AutoStream::choice(&io::stderr())));
        Out::new(stdout, stderr, std::env::var_os("GITHUB_ACTIONS").is_some())
    }

    /// Returns whether messages are coloured.
    pub fn has_color(&self) -> bool {
        self.stderr.has_color
    }

    /// Writes a result for people. A reader that has gone away (`| head`) is no error.
    pub fn text(&self, text: &str) -> io::Result<()> {
        self.script(&shown(text, self.reader(&self.stdout)))
    }

    /// Writes a result that a program reads: JSON, a script.
    pub fn script(&self, text: &str) -> io::Result<()> {
        let newline = if text.ends_with('\n') { "" } else { "\n" };
        match self.stdout.write(&format!("{text}{newline}")) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => other,
        }
    }

    /// Writes a line, or several, to standard error.
    pub fn message(&self, text: &str) {
        self.log(&format!("{}\n", shown(text, self.reader(&self.stderr))));
    }

    /// Writes a text that a library has coloured.
    pub fn coloured(&self, text: &str, is_error: bool) {
        let stream = if is_error { &self.stderr } else { &self.stdout };
        let shown = shown(text, Reader { colours: true, ..self.reader(stream) });
        match is_error {
            true => self.log(&format!("{shown}\n")),
            false => drop(self.script(&shown)),
        }
    }

    /// Writes a question to standard error; the answer goes beside it.
    pub fn question(&self, text: &str) {
        self.log(&shown(text, self.reader(&self.stderr)));
    }

    /// Writes a command to GitHub's runner, if it reads along. The only way to one.
    pub fn command(&self, name: &str, properties: &[(&str, &str)], message: &str) {
        if self.is_github {
            self.log(&format!("{}\n", encoded(name, properties, message)));
        }
    }

    /// Writes to standard error. A log that can't be written, on a full disk for example, ends no run.
    fn log(&self, text: &str) {
        let _ = self.stderr.write(text);
    }

    fn reader(&self, stream: &Stream) -> Reader {
        Reader { github: self.is_github, plain: !stream.has_color, colours: false }
    }
}

/// Returns a command, encoded as the runner decodes it.
fn encoded(name: &str, properties: &[(&str, &str)], message: &str) -> String {
    let data = |text: &str| {
        let text = shown(&plain(text), Reader { github: true, ..Reader::default() });
        text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
    };
    let property = |(name, value): &(&str, &str)| {
        format!("{name}={}", data(value).replace(':', "%3A").replace(',', "%2C"))
    };
    let properties: Vec<String> = properties.iter().map(property).collect();
    let space = if properties.is_empty() { "" } else { " " };
    format!("::{name}{space}{}::{}", properties.join(","), data(message))
}

/// Standard error for a log: each record goes the way of all text.
pub struct Log(pub Arc<Out>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Log(out) = self;
        let reader = Reader { colours: true, ..out.reader(&out.stderr) };
        out.log(&shown(&String::from_utf8_lossy(bytes), reader));
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GITHUB_READS: Reader = Reader { github: true, colours: false, plain: false };

    #[test]
    fn nothing_but_our_styles_is_a_sequence() {
        let text =
            format!("{BAD}a\u{1b}[31mb\u{9b}2J\u{1b}]0;t\u{7}{BAD:#}\tc\r\nd\re\u{202e}\u{200b}é e\u{301}");
        let expected = "\u{1b}[31ma\\u{1b}[31mb\\u{9b}2J\\u{1b}]0;t\\u{7}\u{1b}[0m\tc\r\nd\\u{d}e\\u{202e}\\u{200b}é e\u{301}";
        assert_eq!(shown(&text, Reader::default()), expected);
        let coloured = Reader { colours: true, ..Reader::default() };
        assert_eq!(shown("\u{1b}[1;31ma\u{1b}[2Jb\u{1b}[0m", coloured), "\u{1b}[1;31ma\\u{1b}[2Jb\u{1b}[0m");
        assert_eq!(plain(&format!("{BOLD}a{BOLD:#}")), "a");
    }

    #[test]
    fn no_line_is_a_command_to_the_runner() {
        for text in [
            "::error::x",
            "a\n  ::error::x",
            "\t::x::",
            &format!("{DIM}::x::{DIM:#}"),
            &format!(":{BAD}:x::"),
        ] {
            let shown = anstream::adapter::strip_str(&shown(text, GITHUB_READS)).to_string();
            assert!(shown.lines().all(|line| !line.trim_start().starts_with("::")), "{shown}");
        }
        assert_eq!(shown("\u{1b}[2m::x::", Reader { colours: true, ..GITHUB_READS }), "\u{1b}[2m\\::x::");
        assert_eq!(shown("a ##[group]b", GITHUB_READS), "a ##\\u{5b}group]b");
        assert_eq!(shown("::x:: ##[a]", Reader::default()), "::x:: ##[a]", "elsewhere it is text");
        assert_eq!(shown("a::b\n## [x]", GITHUB_READS), "a::b\n## [x]");
    }

    #[test]
    fn commands_end_where_they_should() {
        let command =
            encoded("error", &[("file", "a,b::c\nd"), ("line", "1")], "x\n::warning::100% \u{1b}[2J");
        assert_eq!(command, "::error file=a%2Cb%3A%3Ac%0Ad,line=1::x%0A\\::warning::100%25 \\u{1b}[2J");
        assert_eq!(encoded("endgroup", &[], ""), "::endgroup::");
    }
}
