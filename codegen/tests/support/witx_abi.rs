//! A judge from outside: the crate `witx`'s own layouts, signatures and lowering instructions,
//! compared with a model.

use wasi_experimental_http_codegen::Model;
use wasi_experimental_http_codegen::model::{
    Field, Function, IntRepr, Outcome, Role, Type, TypeKind, WasmType,
};
use witx::Layout as _;

/// What of a model is another way than witx has it; nothing if all is as it is there.
pub fn differences(model: &Model, witx: &witx::Document) -> Vec<String> {
    let mut found = Vec::new();
    for theirs in witx.typenames() {
        let name = theirs.name.as_str();
        match model.types.iter().find(|ty| ty.name == name) {
            None => found.push(format!("type {name} is missing")),
            Some(ours) => {
                let mut ours = Described::of_model(model, &ours.kind, ours.layout);
                let mut described = Described::of_witx(&theirs);
                if has_cut_payload(theirs.type_()) {
                    // Of what is in such a variant, and behind it, witx is wrong.
                    ours.forget_layout();
                    described.forget_layout();
                }
                let theirs = described;
                if ours != theirs {
                    found.push(format!("type {name}: {ours:?}, in witx {theirs:?}"));
                }
            }
        }
    }
    assert_eq!(model.modules.len(), witx.modules().count());
    for (module, theirs) in model.modules.iter().zip(witx.modules()) {
        assert_eq!(module.functions.len(), theirs.funcs().count());
        for (function, theirs) in module.functions.iter().zip(theirs.funcs()) {
            let (ours, theirs) = (signature_of_model(function), signature_of_witx(&theirs));
            let name = &function.name;
            if ours.types != theirs.types {
                found.push(format!("function {name}: {ours:?}, in witx {theirs:?}"));
            }
            if theirs
                .passed
                .as_ref()
                .is_some_and(|passed| *passed != ours.passed.clone().unwrap_or_default())
            {
                found.push(format!(
                    "function {name} passes {ours:?}, in witx {theirs:?}"
                ));
            }
        }
    }
    found
}

/// What two programs have to agree on about a type.
#[derive(Debug, PartialEq)]
struct Described {
    kind: &'static str,
    /// Size and alignment, if they are compared.
    layout: Option<(usize, usize)>,
    /// The names of fields, cases or flags.
    members: Vec<String>,
    /// The offsets of fields, or that of the payload.
    offsets: Vec<usize>,
}

/// Whether witx gives a variant in this type less bytes than its largest payload needs: it does if
/// that is not the most aligned one.
fn has_cut_payload(ty: &witx::Type) -> bool {
    let parts: Vec<&witx::TypeRef> = match ty {
        witx::Type::Record(record) => record.members.iter().map(|m| &m.tref).collect(),
        witx::Type::Variant(variant) => {
            let payloads = variant.cases.iter().filter_map(|case| case.tref.as_ref());
            let largest = payloads.clone().map(|ty| ty.mem_size()).max().unwrap_or(0);
            let end = variant.payload_offset() + largest;
            if end > variant.mem_size() {
                return true;
            }
            payloads.collect()
        }
        _ => Vec::new(),
    };
    parts.into_iter().any(|part| has_cut_payload(part.type_()))
}

impl Described {
    fn forget_layout(&mut self) {
        self.layout = None;
        self.offsets.clear();
    }

    fn of_model(
        model: &Model,
        kind: &TypeKind,
        layout: wasi_experimental_http_codegen::model::Layout,
    ) -> Described {
        let offsets_of = |fields: &[Field]| fields.iter().map(|f| f.offset as usize).collect();
        let (kind, members, offsets) = match kind {
            TypeKind::Alias(target) => match model.resolve(target) {
                Type::Named(id) => {
                    let target = model.get(*id);
                    return Described::of_model(model, &target.kind, target.layout);
                }
                Type::Bool(repr) => (
                    "variant",
                    match repr {
                        // A word of ours for the `bool` of the other dialect.
                        IntRepr::U8 => vec!["$false".to_owned(), "$true".to_owned()],
                        _ => vec!["false".to_owned(), "true".to_owned()],
                    },
                    Vec::new(),
                ),
                Type::String | Type::List(_) => ("list", Vec::new(), Vec::new()),
                Type::Pointer { mutable: true, .. } => ("pointer", Vec::new(), Vec::new()),
                Type::Pointer { mutable: false, .. } => ("constpointer", Vec::new(), Vec::new()),
                Type::Builtin(_) => ("builtin", Vec::new(), Vec::new()),
                other => panic!("a type that is new: {other:?}"),
            },
            TypeKind::Enum { cases, .. } => (
                "variant",
                cases.iter().map(|case| case.name.clone()).collect(),
                Vec::new(),
            ),
            TypeKind::Flags { flags, .. } => (
                "flags",
                flags.iter().map(|flag| flag.name.clone()).collect(),
                Vec::new(),
            ),
            TypeKind::Record { fields, tuple } => (
                if *tuple { "tuple" } else { "record" },
                fields.iter().map(|field| field.name.clone()).collect(),
                offsets_of(fields),
            ),
            TypeKind::Variant {
                payload_offset,
                cases,
                ..
            } => (
                "variant",
                cases.iter().map(|case| case.name.clone()).collect(),
                vec![*payload_offset as usize],
            ),
            TypeKind::Handle => ("handle", Vec::new(), Vec::new()),
            other => panic!("a type that is new: {other:?}"),
        };
        Described {
            kind,
            layout: Some((layout.size as usize, layout.align as usize)),
            members,
            offsets,
        }
    }

    fn of_witx(ty: &witx::NamedType) -> Described {
        let ty = &**ty.type_();
        let layout = || {
            let layout = ty.mem_size_align();
            (layout.size, layout.align)
        };
        let mut described = Described {
            kind: ty.kind(),
            layout: None,
            members: Vec::new(),
            offsets: Vec::new(),
        };
        match ty {
            witx::Type::Record(record) => {
                let members = record.members.iter();
                described.members = members.map(|m| m.name.as_str().to_owned()).collect();
                if record.bitflags_repr().is_some() {
                    described.kind = "flags";
                } else {
                    let offsets = record.member_layout();
                    described.offsets = offsets.iter().map(|member| member.offset).collect();
                }
                if record.is_tuple() {
                    described.kind = "tuple";
                }
                described.layout = Some(layout());
            }
            witx::Type::Variant(variant) => {
                let cases = variant.cases.iter();
                described.members = cases.map(|case| case.name.as_str().to_owned()).collect();
                if !variant.is_enum() {
                    described.offsets = vec![variant.payload_offset()];
                }
                described.layout = Some(layout());
            }
            _ => described.layout = Some(layout()),
        }
        described
    }
}

#[derive(Debug, PartialEq)]
struct Signature {
    /// The types of the parameters, and of the results.
    types: (Vec<WasmType>, Vec<WasmType>),
    /// What each parameter is; none where witx has no instruction for a type without a name.
    passed: Option<Vec<&'static str>>,
}

fn signature_of_model(function: &Function) -> Signature {
    let lowered = &function.lowered;
    let passed = lowered.wasm_params.iter().map(|param| match param.role {
        Role::Value(_) | Role::BufferLength(_) => "value",
        Role::Address(_) => "address",
        Role::Elements(_) => "elements",
        Role::Length(_) => "length",
        Role::Out(_) => "out",
        other => panic!("a role that is new: {other:?}"),
    });
    let result = match &lowered.outcome {
        Outcome::Nothing | Outcome::NoReturn => None,
        Outcome::Value(_) => Some("result value"),
        Outcome::Expected { error: Some(_), .. } => Some("result error"),
        Outcome::Expected { error: None, .. } => Some("result failed"),
        other => panic!("an outcome that is new: {other:?}"),
    };
    Signature {
        types: (
            lowered.wasm_params.iter().map(|param| param.ty).collect(),
            lowered.wasm_result.into_iter().collect(),
        ),
        passed: Some(passed.chain(result).collect()),
    }
}

fn signature_of_witx(function: &witx::InterfaceFunc) -> Signature {
    let wasm = |ty: &witx::WasmType| match ty {
        witx::WasmType::I32 => WasmType::I32,
        witx::WasmType::I64 => WasmType::I64,
        witx::WasmType::F32 => WasmType::F32,
        witx::WasmType::F64 => WasmType::F64,
    };
    let (params, results) = function.wasm_signature();
    // Of what has no name, witx knows the type in WebAssembly but has no instruction.
    let needs_name = |ty: &witx::TypeRef| match &**ty.type_() {
        witx::Type::Record(record) => record.bitflags_repr().is_some(),
        witx::Type::Variant(variant) => variant.is_enum(),
        _ => false,
    };
    let has_instruction = |param: &witx::InterfaceFuncParam| {
        param.tref.named()
            || !(needs_name(&param.tref) || matches!(&**param.tref.type_(), witx::Type::Record(_)))
    };
    let can_lower = function.params.iter().all(has_instruction)
        && function
            .results
            .iter()
            .all(|result| result.tref.named() || !needs_name(&result.tref));
    let passed = can_lower.then(|| {
        let mut instructions = Instructions::default();
        function.call_wasm(&witx::Id::new("m"), &mut instructions);
        instructions
            .passed
            .into_iter()
            .chain(instructions.result)
            .collect()
    });
    Signature {
        types: (
            params.iter().map(wasm).collect(),
            results.iter().map(wasm).collect(),
        ),
        passed,
    }
}

/// Follows the instructions by which witx calls a function: an operand is what it stands for.
#[derive(Default)]
struct Instructions {
    passed: Vec<&'static str>,
    result: Option<&'static str>,
    /// Whether the error of a result is read from what the function returned.
    reused: bool,
}

impl witx::Bindgen for Instructions {
    type Operand = &'static str;

    fn emit(
        &mut self,
        instruction: &witx::Instruction<'_>,
        operands: &mut Vec<&'static str>,
        results: &mut Vec<&'static str>,
    ) {
        use witx::Instruction::*;
        match instruction {
            AddrOf => results.push("address"),
            ListPointerLength => results.extend(["elements", "length"]),
            ReturnPointerGet { .. } => results.push("out"),
            CallWasm { results: wasm, .. } => {
                self.passed = std::mem::take(operands);
                results.extend(wasm.iter().map(|_| "result"));
            }
            ReuseReturn => {
                self.reused = true;
                results.push("result");
            }
            ResultLift => {
                self.result = Some(match self.reused {
                    true => "result error",
                    false => "result failed",
                });
                results.push("lifted");
            }
            Return { amt } => {
                if *amt > 0 && self.result.is_none() {
                    self.result = Some("result value");
                }
            }
            other => results.extend((0..other.results_len()).map(|_| "value")),
        }
    }

    fn allocate_space(&mut self, _: usize, _: &witx::NamedType) {}

    fn push_block(&mut self) {}

    fn finish_block(&mut self, _: Option<&'static str>) {}
}
