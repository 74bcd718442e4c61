//! Transliteration of letters to ASCII as by text-unidecode: its differences from `deunicode`, and unknown letters.

/// Ranges in which both agree, except for the tables below.
const KNOWN: &[std::ops::RangeInclusive<u32>] = &[
    0x80..=0x24f,
    0x300..=0x36f,
    0x370..=0x3ff,
    0x400..=0x4ff,
    0x531..=0x58a,
    0x5d0..=0x5ea,
    0x10d0..=0x10f6,
    0x1e00..=0x1fff,
    0x2010..=0x2049,
    0x20ac..=0x20ac,
    0x3000..=0x3002,
    0x3041..=0x30fe,
    0xac00..=0xd7a3,
    0xff01..=0xff5e,
    0x4e00..=0x9fff,
];

/// Letters that text-unidecode takes for something else than `deunicode`.
const DIFFERENT: &[(&str, &str)] = &[
    (
        " ",
        "\u{a8}\u{af}\u{b4}\u{b8}ͺ\u{384}\u{385}\u{1fbd}\u{1fbf}\u{1fc0}\u{1fc1}\u{1fcd}\u{1fce}\u{1fcf}\u{1fdd}\u{1fde}\u{1fdf}\u{1fed}\u{1fee}\u{1ffd}\u{1ffe}\u{2017}\u{203e}\u{309b}\u{309c}",
    ),
    ("m", "µ"),
    ("L*", "Ŀ"),
    ("l*", "ŀ"),
    ("Z", "ǯ"),
    (
        "[?]",
        "Ɂɂ\u{34f}\u{350}\u{351}\u{352}\u{353}\u{354}\u{355}\u{356}\u{357}\u{358}\u{359}\u{35a}\u{35b}\u{35c}\u{35d}\u{35e}\u{35f}ͰͱͲͳͶͷͻͼͽͿϏϘϙ\u{3f6}ϷϸϺϻϼϽϾ\u{487}ҊҋӅӆӉӊӍӎӏӶӷӺӻӼӽӾՠֈỺỻỼỽỾゕゖ\u{30a0}",
    ),
    (";", "\u{37e}"),
    ("*", "\u{387}"),
    ("i", "ΐї"),
    ("s", "ϲ"),
    ("Th", "ϴ"),
    ("S", "Ϲ"),
    ("[?] ", "Ͽӿỿ"),
    ("E", "ЀЁӖ"),
    ("G", "Ѓ"),
    ("I", "Ї"),
    ("K", "Ќ"),
    ("", "Ъъ\u{483}א\u{3099}\u{309a}\u{30fb}"),
    ("e", "ѐёӗ"),
    ("g", "ѓ"),
    ("k", "ќ"),
    ("A", "Ӑ"),
    ("a`", "ẚ"),
    ("r", "ῤῥ"),
    ("ka", "がガ"),
    ("ki", "ぎギ"),
    ("ku", "ぐグ"),
    ("ke", "げゲ"),
    ("ko", "ごゴ"),
    ("sa", "ざザ"),
    ("si", "じジ"),
    ("su", "ずズ"),
    ("se", "ぜゼ"),
    ("so", "ぞゾ"),
    ("ta", "だダ"),
    ("ti", "ぢヂ"),
    ("tu", "づヅ"),
    ("te", "でデ"),
    ("to", "どド"),
    ("ha", "ばぱバパ"),
    ("hi", "びぴビピ"),
    ("hu", "ぶぷブプ"),
    ("he", "べぺベペ"),
    ("ho", "ぼぽボポ"),
    ("u", "ゔヴ"),
    ("wa", "ヷ"),
    ("wi", "ヸ"),
    ("we", "ヹ"),
    ("wo", "ヺ"),
];

/// Ideographs that the two read differently.
const AMBIGUOUS: &str = concat!(
    "丆么乊乛乥乮乽亪什仩价伬佦佨俧俬倿傦僲儏兯匇厁厑叾呚哖哛啹嗴嚑嚒囕囖垊垯堏堒堔塆墛壪壭夑奍娳媫孧尡屗",
    "屲屷岃崰嵵嶶嶿巕幥庒廭徔徚怽愥慐懳抣拤捤掶揻揼撶擜攚斏旅曢朑朥术朰枤栆桞椩椬榋槡樭橺橻櫊櫦櫵欍毜毝毶",
    "氞汣泹洜涥渏溄溊溋滧潈潉澛澝濏濸瀭瀮灜炞炿烥烪烮焑焒焹焽焾焿煀煶煷熖熴燝燞爎爘爠爦爳牗犞獇珯琒琻璍璤",
    "璴癦癷瞣砛砽硓硘硛硳碷磗磮礂礡礢祍禙禣稥穒穯窧窽篐簯籂籎粀粌粩粬糬绬罀罖翶耂聁聓聣脌舤舿艈艔茐茒茾荢",
    "萞萟萡萣蒊蒏蓞蓤蕱藔藲藵蘕虅虲蝊螁螩蟵蠴衐裇襨覄謃謢豮贌贘趰踎躼辪遤邜酜鈫鋴錿鍂鍅鎆鎼鎽鎾鏯鏱鏲鐢鐣",
    "鑦鑧闎闧隡霗霻靍韕韟飊駇鮘鶑麶龦龧龨龩龪龫龬龭龮龯龰龱龲龳龴龵龶龷龸龹龺龻龼龽龾龿鿀鿁鿂鿃鿄鿅鿆鿇鿈",
    "鿉鿊鿋鿌鿍鿎鿏鿐鿑鿒鿓鿔鿕鿖鿗鿘鿙鿚鿛鿜鿝鿞鿟鿠鿡鿢鿣鿤鿥鿦鿧鿨鿩鿪鿫鿬鿭鿮鿯鿰鿱鿲鿳鿴鿵鿶鿷鿸鿹鿺",
    "鿻鿼鿽鿾鿿",
);

/// Letters that are no others with something on them, whatever they are read as.
const UNDECOMPOSED: &str = "ÆÐ×ØÞßæð÷øþĐđĦħıĸŁłŊŋŒœŦŧ";

/// HTML's names of characters that are no letters with accents.
pub const ENTITIES: &[&str] = &[
    "AElig", "Alpha", "Beta", "Chi", "Dagger", "Delta", "ETH", "Epsilon", "Eta", "Gamma", "Iota", "Kappa",
    "Lambda", "Mu", "Nu", "OElig", "Omega", "Omicron", "Oslash", "Phi", "Pi", "Prime", "Psi", "Rho", "Sigma",
    "THORN", "Tau", "Theta", "Upsilon", "Xi", "Zeta", "acute", "aelig", "alefsym", "alpha", "amp", "and",
    "ang", "asymp", "bdquo", "beta", "brvbar", "bull", "cap", "cedil", "cent", "chi", "circ", "clubs",
    "cong", "copy", "crarr", "cup", "curren", "dArr", "dagger", "darr", "deg", "delta", "diams", "divide",
    "empty", "emsp", "ensp", "epsilon", "equiv", "eta", "eth", "euro", "exist", "fnof", "forall", "frac12",
    "frac14", "frac34", "frasl", "gamma", "ge", "gt", "hArr", "harr", "hearts", "hellip", "iexcl", "image",
    "infin", "int", "iota", "iquest", "isin", "kappa", "lArr", "lambda", "lang", "laquo", "larr", "lceil",
    "ldquo", "le", "lfloor", "lowast", "loz", "lrm", "lsaquo", "lsquo", "lt", "macr", "mdash", "micro",
    "middot", "minus", "mu", "nabla", "nbsp", "ndash", "ne", "ni", "not", "notin", "nsub", "nu", "oelig",
    "oline", "omega", "omicron", "oplus", "or", "ordf", "ordm", "oslash", "otimes", "para", "part", "permil",
    "perp", "phi", "pi", "piv", "plusmn", "pound", "prime", "prod", "prop", "psi", "quot", "rArr", "radic",
    "rang", "raquo", "rarr", "rceil", "rdquo", "real", "reg", "rfloor", "rho", "rlm", "rsaquo", "rsquo",
    "sbquo", "sdot", "sect", "shy", "sigma", "sigmaf", "sim", "spades", "sub", "sube", "sum", "sup", "sup1",
    "sup2", "sup3", "supe", "szlig", "tau", "there4", "theta", "thetasym", "thinsp", "thorn", "tilde",
    "times", "trade", "uArr", "uarr", "uml", "upsih", "upsilon", "weierp", "xi", "yen", "zeta", "zwj",
    "zwnj",
];

/// Returns the transliteration of a letter of another alphabet.
pub fn ascii(c: char) -> Option<&'static str> {
    let code = u32::from(c);
    if (0x1_f300..=0x1_faff).contains(&code) {
        // Pictures are left out.
        return Some("");
    }
    if !KNOWN.iter().any(|range| range.contains(&code)) || AMBIGUOUS.contains(c) {
        return None;
    }
    let other = DIFFERENT.iter().find(|(_, letters)| letters.contains(c));
    Some(other.map_or_else(|| deunicode::deunicode_char(c).unwrap_or_default(), |(ascii, _)| ascii))
}

/// Returns a letter without its accent, as text; empty if it has none.
pub fn base(c: char) -> Option<&'static str> {
    let accented = (0xc0..0x180).contains(&u32::from(c)) && !UNDECOMPOSED.contains(c);
    if accented { ascii(c) } else { Some("") }
}
