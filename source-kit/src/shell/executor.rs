//! Runs one future to its end, and sleeps in `wasi:io/poll` while it waits.
//!
//! Whoever waits for a pollable registers it here with the waker of its task; one `poll` over all
//! of them tells who can go on. That is how many requests are in flight at once in one thread.

use alloc::rc::Rc;
use alloc::vec::Vec;
use core::cell::RefCell;
use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
use wasi::io::poll::{Pollable, poll};

/// A pollable, and who waits for it.
type Waiting = (Rc<Pollable>, Waker);

/// Everything that is waited for.
#[derive(Clone, Default)]
pub struct Reactor {
    waiting: Rc<RefCell<Vec<Waiting>>>,
}

impl Reactor {
    /// Waits until the pollable is ready.
    pub fn until(&self, pollable: Pollable) -> Until {
        Until { reactor: self.clone(), pollable: Rc::new(pollable) }
    }

    /// Runs a future to its end.
    pub fn block_on<F: Future>(&self, future: F) -> F::Output {
        let mut future = pin!(future);
        // The future itself is polled after every wait; only tasks inside it need their own waker.
        let mut context = Context::from_waker(Waker::noop());
        loop {
            if let Poll::Ready(output) = future.as_mut().poll(&mut context) {
                return output;
            }
            self.sleep();
        }
    }

    /// Sleeps until something is ready, and wakes who waits for it.
    fn sleep(&self) {
        let waiting = self.waiting.take();
        if waiting.is_empty() {
            return;
        }
        let pollables: Vec<&Pollable> = waiting.iter().map(|(pollable, _)| &**pollable).collect();
        let ready = poll(&pollables);
        let mut still = Vec::new();
        for (index, (pollable, waker)) in (0_u32..).zip(waiting) {
            if ready.contains(&index) {
                waker.wake();
            } else {
                still.push((pollable, waker));
            }
        }
        self.waiting.borrow_mut().extend(still);
    }
}

/// See [`Reactor::until`].
pub struct Until {
    reactor: Reactor,
    pollable: Rc<Pollable>,
}

impl Future for Until {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.pollable.ready() {
            return Poll::Ready(());
        }
        let mut waiting = self.reactor.waiting.borrow_mut();
        let known = waiting.iter_mut().find(|(pollable, _)| Rc::ptr_eq(pollable, &self.pollable));
        match known {
            Some((_, waker)) => waker.clone_from(context.waker()),
            None => waiting.push((Rc::clone(&self.pollable), context.waker().clone())),
        }
        Poll::Pending
    }
}

impl Drop for Until {
    /// A pollable must be gone before what it belongs to: whoever stops waiting takes it back.
    fn drop(&mut self) {
        self.reactor.waiting.borrow_mut().retain(|(pollable, _)| !Rc::ptr_eq(pollable, &self.pollable));
    }
}
