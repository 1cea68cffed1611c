//! A fault of this program in the middle of a step is told as a lost connection, which it is: nothing may wait for it.

use crate::session::Failure;
use std::any::Any;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind};
use std::task::Poll;

/// The name of the threads on which steps are worked at: a panic there ends the step and not the program.
const THREADS: &str = "steps";

/// Where steps are worked at.
///
/// # Errors
/// When its threads cannot be started.
pub(super) fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).thread_name(THREADS).enable_all().build()
}

/// Works at `step` until it ends, by a panic too.
pub(super) fn told(
    step: impl Future<Output = Result<(), Failure>>,
) -> impl Future<Output = Result<(), Failure>> {
    let mut step = Box::pin(step);
    poll_fn(move |context| {
        // What it held is dropped by the unwinding, its connection too; it is not polled again.
        catch_unwind(AssertUnwindSafe(|| step.as_mut().poll(context)))
            .unwrap_or_else(|panic| Poll::Ready(Err(failure(&*panic))))
    })
}

fn failure(panic: &(dyn Any + Send)) -> Failure {
    let said = panic.downcast_ref::<String>().map(String::as_str);
    let said = said.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or("no words");
    let what =
        format!("a fault of ceremony itself: {said}; the session's log says where: report it as a bug");
    Failure::Connection { what }
}

/// Whether a panic on this thread ends only the step that is worked at; then it goes to the log.
pub fn is_told(panic: &PanicHookInfo<'_>) -> bool {
    let told = std::thread::current().name() == Some(THREADS);
    if told {
        let backtrace = std::backtrace::Backtrace::force_capture();
        tracing::error!(%panic, %backtrace, "a step fell");
    }
    told
}

#[cfg(test)]
mod tests {
    use super::told;
    use crate::session::Failure;

    async fn told_of(step: impl Future<Output = Result<(), Failure>>) -> String {
        told(step).await.map_or_else(|failure| failure.words(), |()| "nothing".to_owned())
    }

    #[tokio::test]
    async fn a_panic_is_a_lost_connection_with_its_words() {
        let falls = async {
            tokio::task::yield_now().await;
            let nobody: Option<u8> = None;
            nobody.map(|_| ()).ok_or(Failure::Cancelled).expect("somebody");
            Ok(())
        };
        let said = told_of(falls).await;
        assert!(said.starts_with("connection lost: a fault of ceremony itself: somebody"), "{said}");
        assert_eq!(told_of(async { std::panic::panic_any(7) }).await.matches("no words").count(), 1);
    }

    #[tokio::test]
    async fn whoever_ends_otherwise_is_heard_as_ever() {
        assert_eq!(told_of(async { Ok(()) }).await, "nothing");
        assert_eq!(told_of(async { Err(Failure::Cancelled) }).await, Failure::Cancelled.words());
    }
}
