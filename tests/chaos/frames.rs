//! Frames of HTTP/2 as bytes (RFC 9113 section 4.1), for callers that no library would be.

/// What a client says first, with settings that it leaves as they are.
pub fn preface() -> Vec<u8> {
    [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".as_slice(), &frame(SETTINGS, 0, 0, &[])].concat()
}

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const CONTINUATION: u8 = 9;
/// END_STREAM and END_HEADERS.
const ENDS: u8 = 0x5;
const CANCEL: [u8; 4] = [0, 0, 0, 8];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = u32::try_from(payload.len()).expect("a short payload").to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// `GET /readyz`, as HPACK writes it without a table (RFC 7541 appendix A): method, scheme, path, authority.
fn get() -> Vec<u8> {
    [&[0x82, 0x87, 0x04, 7][..], b"/readyz", &[0x01, 9], b"localhost"].concat()
}

/// A request and, at once, its reset.
pub fn reset(stream: u32) -> Vec<u8> {
    [frame(HEADERS, ENDS, stream, &get()), frame(RST_STREAM, 0, stream, &CANCEL)].concat()
}

/// The beginning of a head that is never ended.
pub fn endless_head(stream: u32) -> Vec<u8> {
    frame(HEADERS, 0x1, stream, &get())
}

/// More of it: a header with a value of 16,000 bytes, never indexed.
pub fn more_of_it(stream: u32) -> Vec<u8> {
    const VALUE: usize = 16_000;
    // An integer with a prefix of seven bits (RFC 7541 section 5.1): 127, then the rest in groups of seven.
    let rest = VALUE - 127;
    let length = [0x7f, 0x80 | (rest & 0x7f) as u8, (rest >> 7) as u8];
    let field = [&[0x10, 1, b'x'][..], &length, &[b'y'; VALUE]].concat();
    frame(CONTINUATION, 0, stream, &field)
}
