//! How a language writes identifiers, and the words that it keeps for itself.

use heck::{ToLowerCamelCase, ToShoutySnakeCase, ToSnakeCase, ToUpperCamelCase};

/// How words are joined to an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Case {
    /// `like_this`
    Snake,
    /// `likeThis`
    Camel,
    /// `LikeThis`
    Pascal,
    /// `LIKE_THIS`
    Shouty,
}

/// The identifiers of a language.
#[derive(Debug)]
pub struct Convention {
    /// Types.
    pub types: Case,
    /// Cases of enums, flags and constants.
    pub members: Case,
    /// Fields of records and cases of variants.
    pub fields: Case,
    /// Modules.
    pub modules: Case,
    /// Functions.
    pub functions: Case,
    /// Parameters and local variables.
    pub locals: Case,
    /// Whether the language has one namespace for a whole file or module: names that other
    /// languages put inside of a type must then differ from all others.
    pub flat: bool,
    /// Whether the functions of the only module of a document are beside its types, in no module
    /// of their own.
    pub hoists: bool,
    /// Whether global names start with the name of the document or of a module, for languages
    /// without namespaces.
    pub prefixed: bool,
    /// The suffix of type names, `_t` in C.
    pub type_suffix: &'static str,
    /// Members of a result type that are not results themselves, `error` for example.
    pub result_members: &'static [&'static str],
    /// Whether a local variable may have the name of something outside of its function.
    pub shadows: bool,
    /// Whether `u8`, `i3` and all other integer types of any width are keywords.
    pub integers: bool,
    /// Whether names must differ in more than case and underscores.
    pub folds: bool,
    /// The prefix of a name that would start with a digit.
    pub digit_prefix: &'static str,
    /// The suffix of a name that the language keeps for itself.
    pub escape: &'static str,
    /// Words that cannot be names of types and modules.
    pub item_words: &'static [&'static str],
    /// Members that generated types have besides those of the document.
    pub methods: &'static [&'static str],
    /// Words that cannot be identifiers.
    pub keywords: &'static [&'static str],
    /// Words that could be identifiers, but that generated code uses.
    pub reserved: &'static [&'static str],
}

impl Convention {
    /// The identifier for a WITX name with a prefix, before it is made unique.
    pub(super) fn identifier(&self, prefix: &str, name: &str, case: Case) -> String {
        let mut identifier = self.plain(name, case);
        match case {
            Case::Shouty => identifier.insert_str(0, &prefix.to_ascii_uppercase()),
            _ => identifier.insert_str(0, prefix),
        }
        if identifier.starts_with(|c: char| c.is_ascii_digit()) {
            identifier.insert_str(0, self.digit_prefix);
        }
        self.escaped(identifier)
    }

    /// A WITX name in the letters of identifiers and in a case; it may be a keyword.
    pub(crate) fn plain(&self, name: &str, case: Case) -> String {
        if is_snake_case(name) {
            return from_snake_case(name, case);
        }
        // Letters outside of ASCII are legal in the name of an import, but not everywhere in
        // an identifier.
        let mut ascii = String::new();
        for c in name.chars() {
            match c {
                c if c.is_ascii_alphanumeric() => ascii.push(c),
                c if c.is_ascii() => ascii.push('_'),
                c => ascii.push_str(&format!("_u{:x}_", u32::from(c))),
            }
        }
        let mut identifier = match case {
            Case::Snake => ascii.to_snake_case(),
            Case::Camel => ascii.to_lower_camel_case(),
            Case::Pascal => ascii.to_upper_camel_case(),
            Case::Shouty => ascii.to_shouty_snake_case(),
        };
        if identifier.is_empty() {
            identifier = match case {
                Case::Snake | Case::Camel => "unnamed".to_owned(),
                Case::Pascal => "Unnamed".to_owned(),
                Case::Shouty => "UNNAMED".to_owned(),
            };
        }
        identifier
    }

    /// The word, with the escape behind it if it is taken.
    pub(super) fn escaped(&self, mut word: String) -> String {
        if self.is_taken(&word) {
            word.push_str(self.escape);
        }
        word
    }

    /// Whether the language, or generated code, has another meaning for a word.
    fn is_taken(&self, word: &str) -> bool {
        let is_integer = || {
            let digits = word.strip_prefix(['u', 'i']);
            let digit = |c: char| c.is_ascii_digit();
            self.integers && digits.is_some_and(|d| !d.is_empty() && d.chars().all(digit))
        };
        self.keywords.contains(&word) || self.reserved.contains(&word) || is_integer()
    }
}

/// Whether a name is made of words in small letters and digits, with an underscore between them:
/// most are.
fn is_snake_case(name: &str) -> bool {
    let is_small = |c: u8| c.is_ascii_lowercase() || c.is_ascii_digit();
    let mut words = name.split('_');
    words.all(|word| !word.is_empty() && word.bytes().all(is_small))
}

/// Such a name in another case. `heck` gives the same, but looks at each letter for a place where
/// a word may end.
fn from_snake_case(name: &str, case: Case) -> String {
    let mut starts_word = match case {
        Case::Snake => return name.to_owned(),
        Case::Shouty => return name.to_ascii_uppercase(),
        Case::Camel => false,
        Case::Pascal => true,
    };
    let mut identifier = String::with_capacity(name.len());
    for c in name.chars() {
        match c {
            '_' => starts_word = true,
            c if starts_word => {
                identifier.push(c.to_ascii_uppercase());
                starts_word = false;
            }
            c => identifier.push(c),
        }
    }
    identifier
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_snake_case_become_what_heck_makes_of_them() {
        for name in ["a", "fd", "fd_read", "2big", "a_2b_c3", "u8_9", "a_b_c_d"] {
            assert!(is_snake_case(name), "{name}");
            let cased = |case| from_snake_case(name, case);
            assert_eq!(cased(Case::Snake), name.to_snake_case());
            assert_eq!(cased(Case::Camel), name.to_lower_camel_case());
            assert_eq!(cased(Case::Pascal), name.to_upper_camel_case());
            assert_eq!(cased(Case::Shouty), name.to_shouty_snake_case());
        }
        for name in ["", "_", "_a", "a_", "a__b", "aB", "a-b", "ä"] {
            assert!(!is_snake_case(name), "{name}");
        }
    }
}
