//! Long lines of YAML, broken where the portal's writer breaks them.

const LINE_WIDTH: usize = 80;
/// A line has room for at least so much, however far it is indented.
const MIN_CONTENT_WIDTH: usize = 20;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Without quotes, or in single ones.
    Flow,
    /// In double quotes, where a line may be broken anywhere.
    Quoted,
    /// A block.
    Block,
}

const SPACE: u16 = b' ' as u16;
const TAB: u16 = b'\t' as u16;
const NEWLINE: u16 = b'\n' as u16;
const BACKSLASH: u16 = b'\\' as u16;

/// Breaks long lines at spaces; says too whether one is left that is too long.
pub(super) fn fold(text: &str, indent: usize, start: Option<usize>, mode: Mode) -> (String, bool) {
    let units: Vec<u16> = text.encode_utf16().collect();
    let step = (1 + MIN_CONTENT_WIDTH).max((1 + LINE_WIDTH).saturating_sub(indent));
    if units.len() <= step {
        return (text.to_string(), false);
    }
    let mut folds: Vec<usize> = vec![];
    let mut broken: Vec<usize> = vec![];
    let mut end = LINE_WIDTH.saturating_sub(indent);
    if let Some(start) = start {
        if start > LINE_WIDTH - MIN_CONTENT_WIDTH {
            folds.push(0);
        } else {
            end = LINE_WIDTH - start;
        }
    }
    let unit = |at: usize| units.get(at).copied();
    let blank = |unit: Option<u16>| unit.is_none_or(|unit| matches!(unit, SPACE | TAB | NEWLINE));
    let mut split: Option<usize> = None;
    let mut before: Option<u16> = None;
    let mut too_long = false;
    let mut escape: Option<(usize, usize)> = None;
    let mut at = 0;
    while let Some(mut this) = unit(at) {
        if mode == Mode::Quoted && this == BACKSLASH {
            let from = at;
            at += match unit(at + 1).and_then(|unit| char::from_u32(unit.into())) {
                Some('x') => 3,
                Some('u') => 5,
                Some('U') => 9,
                _ => 1,
            };
            escape = Some((from, at));
        }
        if this == NEWLINE {
            end = at + indent + step;
            split = None;
        } else {
            if this == SPACE && !blank(before) && !blank(unit(at + 1)) {
                split = Some(at);
            }
            if at >= end {
                if let Some(place) = split.filter(|place| *place > 0) {
                    folds.push(place);
                    end = place + step;
                    split = None;
                } else if mode == Mode::Quoted {
                    while matches!(before, Some(SPACE | TAB)) {
                        before = Some(this);
                        at += 1;
                        let Some(next) = unit(at) else { break };
                        this = next;
                        too_long = true;
                    }
                    let place = match escape {
                        Some((from, to)) if at <= to + 1 => from.saturating_sub(1),
                        _ => at.saturating_sub(2),
                    };
                    if broken.contains(&place) {
                        return (text.to_string(), too_long);
                    }
                    folds.push(place);
                    broken.push(place);
                    end = place + step;
                    split = None;
                } else {
                    too_long = true;
                }
            }
        }
        before = Some(this);
        at += 1;
    }
    let Some(first) = folds.first().copied() else { return (text.to_string(), too_long) };
    let margin: Vec<u16> = std::iter::once(NEWLINE).chain(std::iter::repeat_n(SPACE, indent)).collect();
    let part = |from: usize, to: usize| units.get(from..to.max(from)).unwrap_or_default();
    let mut result = part(0, first).to_vec();
    for (number, place) in folds.iter().copied().enumerate() {
        let to = folds.get(number + 1).copied().unwrap_or(units.len());
        if place == 0 {
            result = [margin.as_slice(), part(0, to)].concat();
            continue;
        }
        if broken.contains(&place) {
            result.extend(unit(place).into_iter().chain([BACKSLASH]));
        }
        result.extend_from_slice(&margin);
        result.extend_from_slice(part(place + 1, to));
    }
    (String::from_utf16_lossy(&result), too_long)
}
