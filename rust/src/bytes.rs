//! Big-endian integers and zigzag varints, read without ever running past the end.

/// Bytes not read yet. Every method answers `None` once they run out, and then stays where it was.
#[derive(Debug, Clone, Copy)]
pub struct Cursor<'a>(pub &'a [u8]);

macro_rules! read_integer {
    ($($name:ident: $kind:ty),*) => {
        $(#[doc = concat!("The next big-endian `", stringify!($kind), "`.")]
        pub fn $name(&mut self) -> Option<$kind> {
            self.array().map(<$kind>::from_be_bytes)
        })*
    };
}

impl<'a> Cursor<'a> {
    read_integer!(i8: i8, i16: i16, i32: i32, i64: i64, u32: u32);

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    /// The next `length` bytes, uncopied.
    pub fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(head)
    }

    /// A zigzag varint of at most five bytes.
    pub fn varint(&mut self) -> Option<i32> {
        let raw = self.unsigned_varint(5)?;
        i32::try_from(unzigzag(raw)).ok()
    }

    /// A zigzag varint of at most ten bytes.
    pub fn varlong(&mut self) -> Option<i64> {
        self.unsigned_varint(10).map(unzigzag)
    }

    /// Bytes after their varint length; the outer `None` is malformed input, the inner one a null.
    #[allow(clippy::option_option)] // each level says one thing
    pub fn nullable(&mut self) -> Option<Option<&'a [u8]>> {
        match self.varint()? {
            -1 => Some(None),
            length => self.take(usize::try_from(length).ok()?).map(Some),
        }
    }

    fn unsigned_varint(&mut self, most_bytes: u32) -> Option<u64> {
        let mut value = 0_u64;
        let mut rest = *self;
        for index in 0..most_bytes {
            let [byte] = rest.array()?;
            value |= u64::from(byte & 0x7f).checked_shl(7 * index)?;
            if byte & 0x80 == 0 {
                *self = rest;
                return Some(value);
            }
        }
        None
    }
}

/// Appends a zigzag varint; an `i32` takes at most five bytes, an `i64` ten.
pub fn put_varint(out: &mut Vec<u8>, value: i64) {
    let mut raw = ((value << 1) ^ (value >> 63)) as u64;
    while raw >= 0x80 {
        out.push((raw as u8 & 0x7f) | 0x80);
        raw >>= 7;
    }
    out.push(raw as u8);
}

fn unzigzag(raw: u64) -> i64 {
    ((raw >> 1) as i64) ^ -((raw & 1) as i64)
}
