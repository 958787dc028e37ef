//! Questions on a terminal. All of them go to standard error.

use dialoguer::{Confirm, Input};
use host_test::text::{error, plain};
use source_host::error::{Error, Result};
use std::io::{ErrorKind, IsTerminal};
use std::path::{Path, PathBuf};

/// So often an answer may be wrong: at the end of input, answers are empty for ever.
pub const TRIES: usize = 5;

/// Why there is no answer.
pub enum Stop {
    /// Ctrl-C, or a signal.
    Interrupted,
    /// Something else went wrong.
    Failed(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<dialoguer::Error> for Stop {
    fn from(dialoguer::Error::IO(error): dialoguer::Error) -> Self {
        error.into()
    }
}

impl From<std::io::Error> for Stop {
    fn from(error: std::io::Error) -> Self {
        match error.kind() {
            ErrorKind::Interrupted => Self::Interrupted,
            _ => Self::Failed(Error::file("ask on", "the terminal")(error)),
        }
    }
}

/// Whether there is somebody to ask.
pub fn is_possible() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

/// How the terminal was: whoever interrupts a question finds it without echo, or without a cursor.
pub struct Terminal {
    #[cfg(unix)]
    was: Option<rustix::termios::Termios>,
}

impl Terminal {
    /// Notes how it is.
    pub fn keep() -> Self {
        Self {
            #[cfg(unix)]
            was: rustix::termios::tcgetattr(std::io::stdin()).ok(),
        }
    }

    /// Makes it so again.
    pub fn restore(&self) {
        #[cfg(unix)]
        if let Some(was) = &self.was {
            let _ = rustix::termios::tcsetattr(std::io::stdin(), rustix::termios::OptionalActions::Now, was);
            let _ = console::Term::stderr().show_cursor();
        }
    }
}

/// Asks where signals can still be seen; what asks may stay behind until the program ends.
pub async fn interruptibly<T: Send + 'static>(
    ask: impl FnOnce() -> std::result::Result<T, Stop> + Send + 'static,
) -> std::result::Result<T, Stop> {
    let asked = tokio::task::spawn_blocking(ask).await;
    asked.unwrap_or_else(|error| Err(Error::file("ask on", "the terminal")(std::io::Error::other(error)).into()))
}

/// Yes or no.
pub fn yes(question: &str, default: bool) -> std::result::Result<bool, Stop> {
    Ok(Confirm::new().with_prompt(question).default(default).interact()?)
}

/// A path, if the answer is yes.
pub fn path_if(
    question: &str,
    default: bool,
    which: &str,
    usual: &str,
    check: impl Fn(&Path) -> Result<()>,
) -> std::result::Result<Option<PathBuf>, Stop> {
    if !yes(question, default)? {
        return Ok(None);
    }
    for _ in 0..TRIES {
        let path: String = Input::new().with_prompt(which).default(usual.to_string()).interact_text()?;
        let path = PathBuf::from(path.trim());
        match check(&path) {
            Ok(()) => return Ok(Some(path)),
            Err(fault) => error(plain(&fault.to_string())),
        }
    }
    Err(Error::usage(format!("no answer to {question:?} could be used"), "run init again").into())
}
