//! Amounts as Kubernetes writes them: `500m`, `1Gi`.

/// Returns thousandths of a CPU; a part of one is rounded up, as Kubernetes does.
pub fn thousandths(text: &str) -> Option<u64> {
    let (number, milli) = text.strip_suffix('m').map_or((text, false), |number| (number, true));
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let digits = if milli { 0 } else { 3 };
    let kept: String = part.chars().chain("000".chars()).take(digits).collect();
    let thousandths: u64 = format!("{whole}{kept}").parse().ok()?;
    let is_more = part.chars().skip(digits).any(|digit| digit != '0');
    thousandths.checked_add(u64::from(is_more))
}

/// Returns the number and the unit of an amount of memory, as the power of 1024 above `Ki`.
pub fn binary(text: &str) -> Option<(u64, u32)> {
    let split = text.len().checked_sub(2)?;
    let at = ["Ki", "Mi", "Gi", "Ti"].iter().position(|known| text.get(split..) == Some(*known))?;
    Some((text.get(..split)?.parse().ok()?, u32::try_from(at).ok()?))
}

/// Returns an amount of memory in Ki.
pub fn kibibytes(text: &str) -> Option<u64> {
    let (number, power) = binary(text)?;
    number.checked_mul(1024_u64.pow(power))
}
