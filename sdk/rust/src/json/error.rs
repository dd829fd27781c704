use alloc::format;
use alloc::string::String;
use core::fmt;

/// What is wrong with a JSON text, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    path: String,
    what: String,
}

impl Error {
    /// An error of the value that is being read.
    #[cold]
    pub fn new(what: impl Into<String>) -> Self {
        Error { path: String::new(), what: what.into() }
    }

    /// The same error, of a member of this name.
    #[cold]
    pub fn within(self, name: &str) -> Self {
        let path = match self.path.is_empty() {
            true => name.into(),
            false => format!("{}.{}", name, self.path),
        };
        Error { path, what: self.what }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.is_empty() {
            true => f.write_str(&self.what),
            false => write!(f, "{}: {}", self.path, self.what),
        }
    }
}
