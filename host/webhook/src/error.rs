//! Every way a webhook can fail to start.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// Why there is no webhook.
#[derive(Debug)]
pub enum Error {
    /// A thread could not be started.
    Thread(io::Error),
    /// The folder of `--record-reviews` cannot be used.
    Records {
        /// The folder.
        folder: PathBuf,
        /// Why.
        cause: io::Error,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Thread(cause) => write!(f, "a thread that judges cannot be started: {cause}"),
            Self::Records { folder, cause } => {
                write!(
                    f,
                    "reviews cannot be recorded in `{}`: {cause}; name a folder that can be written",
                    folder.display()
                )
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Thread(cause) | Self::Records { cause, .. } => Some(cause),
        }
    }
}
