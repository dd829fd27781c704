use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;

use super::Error;

/// The kinds of JSON values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool,
    /// A number.
    Number,
    /// A string.
    String,
    /// An array.
    Array,
    /// An object.
    Object,
}

/// How deeply arrays and objects may lie in each other.
const MAX_DEPTH: u32 = 128;

/// Reads a JSON text from front to back. Each method reads one value, or says why
/// what comes next is none of its kind.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Reader<'a> {
    /// At the start of a text.
    #[inline]
    pub fn new(text: &'a str) -> Self {
        Reader { text, at: 0, depth: 0 }
    }

    /// The kind of the value that comes next.
    #[inline]
    pub fn peek(&mut self) -> Result<Kind, Error> {
        match self.next() {
            b'"' => Ok(Kind::String),
            b'{' => Ok(Kind::Object),
            b'[' => Ok(Kind::Array),
            b't' | b'f' => Ok(Kind::Bool),
            b'n' => Ok(Kind::Null),
            b'-' | b'0'..=b'9' => Ok(Kind::Number),
            _ => Err(self.expected("a value")),
        }
    }

    /// Holds that the text ends here.
    pub fn end(&mut self) -> Result<(), Error> {
        match self.next() {
            0 if self.at == self.text.len() => Ok(()),
            _ => Err(self.expected("the end")),
        }
    }

    /// Reads `null`, if it comes next.
    #[inline]
    pub fn null(&mut self) -> Result<bool, Error> {
        match self.next() {
            b'n' => self.word("null").map(|()| true),
            _ => Ok(false),
        }
    }

    /// Reads `true` or `false`.
    pub fn bool(&mut self) -> Result<bool, Error> {
        match self.next() {
            b't' => self.word("true").map(|()| true),
            b'f' => self.word("false").map(|()| false),
            _ => Err(self.expected("true or false")),
        }
    }

    /// Reads a number and returns its text.
    #[inline]
    pub fn number(&mut self) -> Result<&'a str, Error> {
        self.next();
        let start = self.at;
        self.at += (self.byte() == b'-') as usize;
        let first = self.byte();
        if !matches!((first, self.digits()), (b'0', 1) | (b'1'..=b'9', _)) {
            self.at = start;
            return Err(self.expected("a number"));
        }
        if self.byte() == b'.' {
            self.at += 1;
            self.some_digits()?;
        }
        if matches!(self.byte(), b'e' | b'E') {
            self.at += 1;
            self.at += matches!(self.byte(), b'+' | b'-') as usize;
            self.some_digits()?;
        }
        Ok(&self.text[start..self.at])
    }

    /// Reads a string. It is copied only if it has escapes.
    #[inline]
    pub fn string(&mut self) -> Result<Cow<'a, str>, Error> {
        if self.next() != b'"' {
            return Err(self.expected("a string"));
        }
        self.at += 1;
        let start = self.at;
        match self.run()? {
            b'"' => {
                self.at += 1;
                Ok(Cow::Borrowed(&self.text[start..self.at - 1]))
            }
            _ => self.escaped(start).map(Cow::Owned),
        }
    }

    /// Reads an object: calls `member` for each name, which reads the value.
    #[inline]
    pub fn object<F>(&mut self, mut member: F) -> Result<(), Error>
    where
        F: FnMut(&str, &mut Self) -> Result<(), Error>,
    {
        self.open(b'{', "an object")?;
        if self.next() == b'}' {
            return self.close();
        }
        loop {
            let name = self.string()?;
            self.colon()?;
            if let Err(e) = member(&name, self) {
                return Err(e.within(&name));
            }
            match self.next() {
                b',' => self.at += 1,
                b'}' => return self.close(),
                _ => return Err(self.expected("a comma or the object's end")),
            }
        }
    }

    /// Reads an array: calls `item` for each value, which reads it.
    #[inline]
    pub fn array<F>(&mut self, mut item: F) -> Result<(), Error>
    where
        F: FnMut(&mut Self) -> Result<(), Error>,
    {
        self.open(b'[', "an array")?;
        if self.next() == b']' {
            return self.close();
        }
        let mut index = 0;
        loop {
            if let Err(e) = item(self) {
                return Err(e.within(&format!("{}", index)));
            }
            index += 1;
            match self.next() {
                b',' => self.at += 1,
                b']' => return self.close(),
                _ => return Err(self.expected("a comma or the array's end")),
            }
        }
    }

    /// Reads whatever comes next and returns its text.
    pub fn skip(&mut self) -> Result<&'a str, Error> {
        let kind = self.peek()?;
        let start = self.at;
        match kind {
            Kind::Null => self.null().map(|_| ())?,
            Kind::Bool => self.bool().map(|_| ())?,
            Kind::Number => self.number().map(|_| ())?,
            Kind::String => self.string().map(|_| ())?,
            Kind::Array => self.array(|r| r.skip().map(|_| ()))?,
            Kind::Object => self.object(|_, r| r.skip().map(|_| ()))?,
        }
        Ok(&self.text[start..self.at])
    }

    /// Reads the value behind a member's name.
    pub(super) fn behind_colon(&mut self) -> Result<&'a str, Error> {
        self.colon()?;
        self.skip()
    }

    /// An error of the value that was read last.
    #[cold]
    pub fn error(&self, what: &str) -> Error {
        Error::new(format!("{} before byte {}", what, self.at))
    }

    #[cold]
    fn expected(&self, what: &str) -> Error {
        match self.text[self.at..].chars().next() {
            None => Error::new(format!("{} is wanted where the text ends", what)),
            Some(c) => Error::new(format!("{} is wanted at byte {}, not {:?}", what, self.at, c)),
        }
    }

    /// The byte at hand, or 0 at the end.
    #[inline]
    fn byte(&self) -> u8 {
        self.text.as_bytes().get(self.at).copied().unwrap_or(0)
    }

    /// The byte at hand behind white space, or 0 at the end.
    #[inline]
    fn next(&mut self) -> u8 {
        loop {
            match self.byte() {
                b' ' | b'\t' | b'\n' | b'\r' => self.at += 1,
                c => return c,
            }
        }
    }

    #[inline]
    fn colon(&mut self) -> Result<(), Error> {
        if self.next() != b':' {
            return Err(self.expected("a colon"));
        }
        self.at += 1;
        Ok(())
    }

    fn word(&mut self, word: &str) -> Result<(), Error> {
        if !self.text.as_bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.expected(word));
        }
        self.at += word.len();
        Ok(())
    }

    #[inline]
    fn digits(&mut self) -> usize {
        let start = self.at;
        while self.byte().is_ascii_digit() {
            self.at += 1;
        }
        self.at - start
    }

    fn some_digits(&mut self) -> Result<(), Error> {
        match self.digits() {
            0 => Err(self.expected("a digit")),
            _ => Ok(()),
        }
    }

    fn open(&mut self, bracket: u8, what: &str) -> Result<(), Error> {
        if self.next() != bracket {
            return Err(self.expected(what));
        }
        if self.depth == MAX_DEPTH {
            return Err(self.error("values lie too deeply in each other"));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    #[inline]
    fn close(&mut self) -> Result<(), Error> {
        self.depth -= 1;
        self.at += 1;
        Ok(())
    }

    /// Passes over the plain part of a string, and returns what ends it.
    #[inline]
    fn run(&mut self) -> Result<u8, Error> {
        loop {
            match self.byte() {
                c @ (b'"' | b'\\') => return Ok(c),
                c if c < b' ' => return Err(self.expected("the string's end")),
                _ => self.at += 1,
            }
        }
    }

    /// Reads on in a string that began at `start` and has an escape here.
    #[cold]
    fn escaped(&mut self, start: usize) -> Result<String, Error> {
        let mut text = String::from(&self.text[start..self.at]);
        loop {
            let start = self.at;
            let end = self.run()?;
            text.push_str(&self.text[start..self.at]);
            self.at += 1;
            if end == b'"' {
                return Ok(text);
            }
            text.push(self.escape()?);
        }
    }

    /// Reads an escape behind its backslash. Half a pair of surrogates is U+FFFD.
    fn escape(&mut self) -> Result<char, Error> {
        let c = match self.byte() {
            c @ (b'"' | b'\\' | b'/') => c as char,
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => return self.unicode(),
            _ => return Err(self.expected("an escape")),
        };
        self.at += 1;
        Ok(c)
    }

    fn unicode(&mut self) -> Result<char, Error> {
        let unit = self.unit()?;
        if (0xd800..0xdc00).contains(&unit) && self.text.as_bytes()[self.at..].starts_with(b"\\u") {
            let before = self.at;
            self.at += 1;
            let low = self.unit()?;
            if (0xdc00..0xe000).contains(&low) {
                let c = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
                return Ok(char::from_u32(c).unwrap_or(char::REPLACEMENT_CHARACTER));
            }
            self.at = before;
        }
        Ok(char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    /// Reads the `uxxxx` of an escape.
    fn unit(&mut self) -> Result<u32, Error> {
        let mut unit = 0;
        for _ in 0..4 {
            self.at += 1;
            match (self.byte() as char).to_digit(16) {
                Some(digit) => unit = unit << 4 | digit,
                None => return Err(self.expected("a hexadecimal digit")),
            }
        }
        self.at += 1;
        Ok(unit)
    }
}
