//! What is traced while a test runs, as text.

use std::cell::RefCell;
use std::fmt::{Debug, Write};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};

thread_local! {
    static CAPTURED: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// One for all tests of the process: what `tracing` remembers of who is interested is the
/// process's too.
static INSTALLED: LazyLock<()> = LazyLock::new(|| {
    let capture = Capture {
        spans: AtomicU64::new(1),
    };
    tracing::subscriber::set_global_default(capture).expect("no other subscriber");
});

/// Makes [`captured`] work. Must come before the first call of the host.
pub fn install() {
    LazyLock::force(&INSTALLED);
}

/// Runs `work`, and gives everything that the host traced on this thread at any level: fields of
/// spans and events, a line each.
pub fn captured<T>(work: impl FnOnce() -> T) -> (T, String) {
    install();
    CAPTURED.set(Some(String::new()));
    let result = work();
    (result, CAPTURED.take().unwrap_or_default())
}

struct Capture {
    spans: AtomicU64,
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

fn line(start: String, record: impl FnOnce(&mut Fields)) {
    let mut fields = Fields(start);
    record(&mut fields);
    fields.0.push('\n');
    // What is traced while the thread ends, as by a store that it keeps, has no place any more.
    let _ = CAPTURED.try_with(|captured| {
        if let Some(text) = &mut *captured.borrow_mut() {
            text.push_str(&fields.0);
        }
    });
}

impl Subscriber for Capture {
    fn register_callsite(&self, _: &'static Metadata<'static>) -> Interest {
        // Not every thread captures at every time.
        Interest::sometimes()
    }

    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("wasi_experimental_http")
            && CAPTURED
                .try_with(|captured| captured.borrow().is_some())
                .unwrap_or(false)
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let id = self.spans.fetch_add(1, Ordering::Relaxed);
        let name = span.metadata().name();
        line(format!("span {id} {name}:"), |fields| span.record(fields));
        Id::from_u64(id)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        let start = format!("span {}:", span.into_u64());
        line(start, |fields| values.record(fields));
    }

    fn record_follows_from(&self, _span: &Id, _follows: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let level = event.metadata().level();
        line(format!("{level}:"), |fields| event.record(fields));
    }

    fn enter(&self, _span: &Id) {}

    fn exit(&self, _span: &Id) {}
}
