//! The C++ backend, for guests: a header over that of C, with functions that take
//! `std::string_view` and spans and give results.
//!
//! It is for C++17 and newer, throws no exceptions and allocates nothing. Types and constants are
//! those of the C header, which lies beside it.

mod names;

use super::Job;
use super::c::C;
use super::naming::{FunctionNames, Names};
use super::source::Source;
use crate::diagnostic::Error;
use crate::model::docs;
use crate::model::{Function, InputKind, Model, Outcome};
pub(super) use names::CONVENTION;

/// What all generated headers share, whichever of them comes first.
const SUPPORT: &str = r#"#ifndef WITX_SUPPORT
#define WITX_SUPPORT

namespace witx {

#ifdef __cpp_lib_span
/** Some elements in memory that belong to somebody else. */
template <class T> using span = std::span<T>;
#else
/** Some elements in memory that belong to somebody else: the part of `std::span` of C++20 that is
 * needed here. */
template <class T> class span {
 public:
  constexpr span() noexcept = default;
  constexpr span(T *data, std::size_t size) noexcept : data_(data), size_(size) {}
  template <std::size_t N> constexpr span(T (&array)[N]) noexcept : data_(array), size_(N) {}
  template <class Container, class = decltype(static_cast<T *>(std::declval<Container &>().data()))>
  constexpr span(Container &&from) noexcept : data_(from.data()), size_(from.size()) {}
  constexpr T *data() const noexcept { return data_; }
  constexpr std::size_t size() const noexcept { return size_; }
  constexpr T *begin() const noexcept { return data_; }
  constexpr T *end() const noexcept { return data_ + size_; }
  constexpr T &operator[](std::size_t index) const noexcept { return data_[index]; }

 private:
  T *data_ = nullptr;
  std::size_t size_ = 0;
};
#endif

/** Makes a result that is an error. */
template <class E> struct failure {
  E error;
};

/** What a function gives: a value, or an error that is not 0. */
template <class T, class E> class [[nodiscard]] result {
 public:
  constexpr result(T value) noexcept : value_(value) {}
  constexpr result(failure<E> failed) noexcept : error_(failed.error) {}
  constexpr bool has_value() const noexcept { return error_ == 0; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  /** The value; zeros if there is an error. */
  constexpr T const &value() const noexcept { return value_; }
  constexpr T const &operator*() const noexcept { return value_; }
  constexpr T const *operator->() const noexcept { return &value_; }
  constexpr T value_or(T other) const noexcept { return has_value() ? value_ : other; }
  /** The error; 0 if there is a value. */
  constexpr E error() const noexcept { return error_; }

 private:
  T value_{};
  E error_{};
};

template <class E> class [[nodiscard]] result<void, E> {
 public:
  constexpr result() noexcept = default;
  constexpr result(failure<E> failed) noexcept : error_(failed.error) {}
  constexpr bool has_value() const noexcept { return error_ == 0; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  /** The error; 0 if there is none. */
  constexpr E error() const noexcept { return error_; }

 private:
  E error_{};
};

}  // namespace witx

#endif
"#;

/// The language.
pub(super) struct Backend;

impl super::Backend for Backend {
    fn name(&self) -> &'static str {
        "cpp"
    }

    fn purpose(&self) -> &'static str {
        "guests: a header over that of C, with views and results"
    }

    fn file_name(&self, stem: &str) -> String {
        format!("{stem}.hpp")
    }

    fn generate(&self, job: &Job<'_>) -> Result<String, Error> {
        let cpp = Cpp {
            model: job.model,
            c: C::new(job)?,
            names: Names::new(job.model, &CONVENTION),
        };
        Ok(cpp.file(job))
    }
}

struct Cpp<'a> {
    model: &'a Model,
    c: C<'a>,
    names: Names,
}

impl Cpp<'_> {
    fn file(&self, job: &Job<'_>) -> String {
        let stem = &job.options.stem;
        let guard = format!("{}PP", self.c.guard);
        let mut out = Source::new("  ");
        out.line(super::c::UNFORMATTED);
        out.head("//", &job.header, &job.head());
        out.blank();
        out.line(format!("#ifndef {guard}"));
        out.line(format!("#define {guard}"));
        out.blank();
        // The path of an include has no escapes; this name is one that a file system allows.
        out.line(format!("#include \"{stem}.h\""));
        out.blank();
        for include in ["cstddef", "cstdint", "string_view", "utility"] {
            out.line(format!("#include <{include}>"));
        }
        out.blank();
        out.line("#if defined(__has_include) && __cplusplus >= 202002L");
        out.line("#if __has_include(<span>)");
        out.line("#include <span>");
        out.line("#endif");
        out.line("#endif");
        out.blank();
        SUPPORT.lines().for_each(|line| out.line(line));
        for (index, module) in self.model.modules.iter().enumerate() {
            let (names, c_names) = (&self.names.modules[index], &self.c.names.modules[index]);
            out.blank();
            comment(&mut out, &module.docs);
            out.line(format!("namespace {} {{", names.name));
            let functions = names.functions.iter().zip(&c_names.functions);
            for (function, (names, c_names)) in module.functions.iter().zip(functions) {
                out.blank();
                self.function(&mut out, function, names, &c_names.name);
            }
            out.blank();
            out.line(format!("}}  // namespace {}", names.name));
        }
        out.blank();
        out.line("#endif");
        out.finish()
    }

    fn function(&self, out: &mut Source, function: &Function, names: &FunctionNames, c_name: &str) {
        let lowered = &function.lowered;
        let mut scope = names.scope.clone();
        let (mut params, mut args) = (Vec::new(), Vec::new());
        for (input, name) in lowered.inputs.iter().zip(&names.inputs) {
            let view = match &input.kind {
                InputKind::Value(ty) => {
                    params.push(format!("{} {name}", self.c.passed(ty)));
                    args.push(name.clone());
                    continue;
                }
                InputKind::Reference(ty) => {
                    params.push(format!("{} const &{name}", self.c.memory(ty)));
                    args.push(format!("&{name}"));
                    continue;
                }
                InputKind::String => "std::string_view".to_owned(),
                InputKind::List(element) => format!("witx::span<{} const>", self.c.memory(element)),
                InputKind::Buffer {
                    mutable, element, ..
                } => {
                    let qualifier = if *mutable { "" } else { " const" };
                    format!("witx::span<{}{qualifier}>", self.c.memory(element))
                }
            };
            params.push(format!("{view} {name}"));
            args.push(format!("{name}.data()"));
            args.push(match &input.kind {
                InputKind::Buffer { len, .. } => {
                    format!("static_cast<{}>({name}.size())", self.c.passed(len))
                }
                _ => format!("{name}.size()"),
            });
        }
        args.extend(names.outs.iter().map(|out| format!("&{out}")));
        let outs = || lowered.outs().iter().zip(&names.outs);
        let ok = match lowered.outs() {
            [] => "void".to_owned(),
            [out] => self.c.out(&out.ty),
            outs => {
                comment(out, &format!("What `{}` gives.", names.name));
                out.block(format!("struct {} {{", names.result_type), "};", |lines| {
                    for (out, name) in outs.iter().zip(&names.results) {
                        lines.line(format!("{} {name};", self.c.out(&out.ty)));
                    }
                });
                out.blank();
                names.result_type.clone()
            }
        };
        let error = match &lowered.outcome {
            Outcome::Expected {
                error: Some(error), ..
            } => self.c.passed(error),
            _ => "std::uint32_t".to_owned(),
        };
        let (qualifier, result) = match &lowered.outcome {
            Outcome::Nothing => ("", "void".to_owned()),
            Outcome::NoReturn => ("[[noreturn]] ", "void".to_owned()),
            Outcome::Value(ty) => ("", self.c.passed(ty)),
            Outcome::Expected { .. } => ("", format!("witx::result<{ok}, {error}>")),
        };
        let tags = super::c::return_tag(&docs::of_function(function).result);
        super::c::function_comment(out, function, names, &tags);
        let open = format!("{qualifier}inline {result} {}(", names.name);
        let call = format!("::{c_name}({})", args.join(", "));
        let open = format!("{open}{}) noexcept {{", params.join(", "));
        out.block(open, "}", |out| match &lowered.outcome {
            Outcome::Nothing | Outcome::NoReturn => out.line(format!("{call};")),
            Outcome::Value(_) => out.line(format!("return {call};")),
            Outcome::Expected { .. } => {
                for (value, name) in outs() {
                    out.line(format!("{} {name}{{}};", self.c.out(&value.ty)));
                }
                let code = scope.local("code");
                out.line(format!("auto const {code} = {call};"));
                out.line(format!("if ({code} != 0) return witx::failure<{error}>{{{code}}};"));
                out.line(match &names.outs[..] {
                    [] => "return {};".to_owned(),
                    [value] => format!("return {value};"),
                    values => format!("return {}{{{}}};", names.result_type, values.join(", ")),
                });
            }
        });
    }
}

/// Writes a text as a documentation comment.
fn comment(out: &mut Source, text: &str) {
    super::c::comment(out, text, "");
}
