//! Random documents, made of random numbers: for the property test and for the fuzz target.

/// Names that collide, mean something somewhere, or are odd.
const NAMES: &[&str] = &[
    "a", "b", "a_b", "aB", "A-b", "type", "self", "match", "result", "string", "u8", "int",
    "error", "3d", "x1", "memory", "code", "tag", "payload", "fn", "list", "option", "class",
    "size", "len", "a_len", "mem", "ok", "err", "value", "_", "x.y", "bool", "true", "errno",
];

const DOCS: &[&str] = &[
    "",
    ";;; Ends */ here \\ \"\n",
    ";;; ```\n;;; - 漢字 `\n",
    ";;; /* {} %s \r\n",
];

const BUILTINS: &[&str] = &[
    "u8",
    "u16",
    "u32",
    "u64",
    "s8",
    "s16",
    "s32",
    "s64",
    "f32",
    "f64",
    "char",
    "(@witx char8)",
    "(@witx usize)",
    "bool",
    "string",
];

/// Lists of names that mean something in witx or in a language, or seem to.
const MEANINGFUL: &[&str] = &[
    "ok err",
    "err ok",
    "ok error",
    "error",
    "false true",
    "true false",
    "some none",
    "none some",
    "0 1",
    "1 0",
    "0",
    "ok",
    "err",
];

const TAGS: &[&str] = &["u8", "u16", "u32", "u64"];

/// The numbers that a document is made of: each choice takes the next.
pub struct Choices {
    numbers: Vec<u32>,
    next: usize,
}

impl Choices {
    /// Choices by these numbers, of which there is at least one.
    pub fn new(numbers: Vec<u32>) -> Choices {
        Choices { numbers, next: 0 }
    }

    fn below(&mut self, bound: usize) -> usize {
        let number = self.numbers[self.next % self.numbers.len()] as usize + self.next / 97;
        self.next += 1;
        number % bound
    }

    fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// Different names.
    fn names(&mut self, most: usize) -> Vec<String> {
        if self.below(4) == 0 {
            let names = self.pick(MEANINGFUL).split(' ');
            return names.take(most).map(str::to_owned).collect();
        }
        let count = 1 + self.below(most);
        let mut names: Vec<String> = Vec::new();
        for _ in 0..count {
            let name = self.pick(NAMES).to_owned();
            match names.contains(&name) {
                true => names.push(format!("{name}{}", names.len())),
                false => names.push(name),
            }
        }
        names.dedup();
        names
    }

    /// A type that may be written in place, of those that are declared.
    fn ty(&mut self, declared: &[String], depth: usize) -> String {
        match self.below(if depth > 2 { 6 } else { 10 }) {
            0..=2 if !declared.is_empty() => format!("${}", declared[self.below(declared.len())]),
            0..=5 => self.pick(BUILTINS).to_owned(),
            6 => format!("(list {})", self.ty(declared, depth + 1)),
            7 => format!("(@witx pointer {})", self.ty(declared, depth + 1)),
            8 => format!("(@witx const_pointer {})", self.ty(declared, depth + 1)),
            _ => format!(
                "(tuple {} {})",
                self.ty(declared, depth + 1),
                self.ty(declared, depth + 1)
            ),
        }
    }

    fn definition(&mut self, declared: &[String]) -> String {
        let docs = self.pick(DOCS);
        match self.below(10) {
            0 => self.ty(declared, 0),
            1 => "(handle)".to_owned(),
            2 => {
                let names: Vec<String> = self.names(5).iter().map(|n| format!("${n}")).collect();
                format!("(enum (@witx tag {}) {})", self.pick(TAGS), names.join(" "))
            }
            3 => {
                let names: Vec<String> = self.names(5).iter().map(|n| format!("${n}")).collect();
                format!(
                    "(flags (@witx repr {}) {})",
                    self.pick(TAGS),
                    names.join(" ")
                )
            }
            4 | 5 => {
                let fields = self.names(5);
                let fields: Vec<String> = fields
                    .iter()
                    .map(|name| format!("\n{docs}(field ${name} {})", self.ty(declared, 0)))
                    .collect();
                format!("(record {})", fields.join(" "))
            }
            6 => {
                let ok = declared[self.below(declared.len())].clone();
                match self.below(3) {
                    0 => "(expected (error $error_0))".to_owned(),
                    1 => format!("(expected ${ok} (error $error_0))"),
                    _ => "(expected (error))".to_owned(),
                }
            }
            7 => format!(
                "(union (@witx tag {}) {} {})",
                self.pick(TAGS),
                self.ty(declared, 0),
                self.ty(declared, 0)
            ),
            _ => {
                let cases = self.names(4);
                let cases: Vec<String> = cases
                    .iter()
                    .map(|name| match self.below(3) {
                        0 => format!("(case ${name})"),
                        _ => format!("(case ${name} {})", self.ty(declared, 0)),
                    })
                    .collect();
                format!(
                    "(variant (@witx tag {}) {})",
                    self.pick(TAGS),
                    cases.join(" ")
                )
            }
        }
    }

    /// A document, which is valid but for names that may come twice.
    pub fn document(&mut self) -> String {
        let mut text = String::from(
            "(typename $error_0 (enum (@witx tag u16) $ok $bad))\n\
             (typename $outcome_0 (enum (@witx tag u8) $ok $err))\n\
             (typename $rights_0 (flags (@witx repr u64) $ok $err))\n\
             (typename $handle_0 (handle))\n",
        );
        let mut declared = ["error_0", "outcome_0", "rights_0", "handle_0"]
            .map(str::to_owned)
            .to_vec();
        for index in 0..self.below(8) {
            let name = format!("{}_{index}", self.pick(NAMES));
            let definition = self.definition(&declared);
            text.push_str(&format!(
                "{}(typename ${name} {definition})\n",
                self.pick(DOCS)
            ));
            declared.push(name);
        }
        for module in 0..1 + self.below(2) {
            text.push_str(&format!("(module $m{module}_{}\n", self.pick(NAMES)));
            for function in 0..self.below(4) {
                let name = self.pick(&["f", "größe", "a-b", "match", "a\\\"b", "x"]);
                text.push_str(&format!(
                    "{}(@interface func (export \"{name}{function}\")\n",
                    self.pick(DOCS)
                ));
                for name in self.names(5) {
                    text.push_str(&format!("(param ${name} {})\n", self.ty(&declared, 0)));
                }
                let out = declared[self.below(declared.len())].clone();
                text.push_str(&match self.below(6) {
                    5 => format!(
                        "(result $r_0 {})",
                        self.pick(&["$outcome_0", "$rights_0", "$handle_0", "s16"])
                    ),
                    0 => String::new(),
                    1 => "(@witx noreturn)".to_owned(),
                    2 => "(result $r_0 (expected (error $error_0)))".to_owned(),
                    3 => format!("(result $r_0 (expected ${out} (error $error_0)))"),
                    _ => format!("(result $r_0 (expected (tuple ${out} ${out}) (error $error_0)))"),
                });
                text.push_str(")\n");
            }
            text.push_str(")\n");
        }
        text
    }
}
