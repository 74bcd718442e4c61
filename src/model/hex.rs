//! Bytes as hexadecimal digits.

/// Returns bytes as hexadecimal digits, two each, in small letters.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
