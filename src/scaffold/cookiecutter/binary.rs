//! Detection of binary files, which are copied verbatim.

/// Extensions of files that are never text.
const EXTENSIONS: &[&str] = &[
    "7z", "a", "apk", "avi", "avif", "bin", "bmp", "bz2", "class", "dat", "db", "dll", "dmg", "doc", "docx",
    "dylib", "eot", "exe", "flac", "gif", "gz", "heic", "ico", "iso", "jar", "jpeg", "jpg", "lz", "lz4",
    "m4a", "mkv", "mov", "mp3", "mp4", "mpeg", "mpg", "o", "odp", "ods", "odt", "ogg", "otf", "parquet",
    "pdf", "png", "ppt", "pptx", "psd", "pyc", "pyo", "rar", "rpm", "so", "sqlite", "sqlite3", "tar", "tgz",
    "tif", "tiff", "ttf", "wasm", "wav", "webm", "webp", "whl", "woff", "woff2", "xls", "xlsx", "xz", "zip",
    "zst",
];

/// Signatures of well-known binary formats.
const SIGNATURES: &[&[u8]] = &[
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"\xff\xd8\xff",
    b"%PDF",
    b"PK\x03\x04",
    b"\x1f\x8b",
    b"BZh",
    b"\xfd7zXZ\x00",
    b"7z\xbc\xaf\x27\x1c",
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",
    b"SQLite format 3\x00",
    b"RIFF",
    b"OggS",
    b"wOFF",
    b"wOF2",
    b"\x00asm",
];

/// Number of leading bytes to inspect.
const SNIFFED_BYTES: usize = 512;

/// Returns true if a file is to be copied as it is: by its name, its first bytes, or since it is no
/// UTF-8.
pub fn is_binary(path: &str, bytes: &[u8]) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let extension =
        name.rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map(|(_, extension)| extension);
    if extension.is_some_and(|extension| EXTENSIONS.contains(&extension.to_lowercase().as_str())) {
        return true;
    }
    let head = bytes.get(..SNIFFED_BYTES).unwrap_or(bytes);
    SIGNATURES.iter().any(|signature| head.starts_with(signature))
        || head.contains(&0)
        || std::str::from_utf8(bytes).is_err()
}
