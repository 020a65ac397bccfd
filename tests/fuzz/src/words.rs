//! Quantities and image references: what is read is read again from its own canonical form.

use portcullis_model::{AmountState, ImageState};
use portcullis_subject::image;
use portcullis_subject::quantity::{Notation, amount, compare, format, parse_with_notation, round_up_milli};

pub fn quantity(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (value, notation) = match parse_with_notation(text) {
        Ok(read) => read,
        Err(error) => {
            assert!(!error.to_string().is_empty());
            assert_eq!(amount(text).state, AmountState::Unreadable);
            return;
        }
    };
    assert_eq!(amount(text), value);
    // Kubernetes' own reader takes no binary number below this, so that what is held at the very end is read as this.
    if value.whole == i64::MIN {
        return;
    }
    for notation in [notation, Notation::Decimal, Notation::Binary, Notation::Exponent] {
        let written = format(value, notation);
        let (again, _) = parse_with_notation(&written).expect("a canonical form is a quantity");
        assert_eq!(again, value, "{text:?} became {written:?}");
        assert_eq!(format(again, notation), written, "{text:?}: a canonical form is its own");
    }
    let rounded = round_up_milli(value);
    assert_eq!(round_up_milli(rounded), rounded, "{text:?} is rounded once");
    let order = compare(rounded, value).expect("both are exact");
    assert!(if text.starts_with('-') { order.is_le() } else { order.is_ge() }, "{text:?} is rounded away from zero");
}

pub fn image(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let read = image::parse(text);
    match &read {
        ImageState::Absent => assert!(text.is_empty()),
        ImageState::Unreadable(why) => assert!(!why.is_empty()),
        // `Team/app` has a registry by its capital letter alone, which a registry in lower case does not show any more.
        ImageState::Exact { registry, .. } if registry != "localhost" && !registry.contains(['.', ':']) => {}
        ImageState::Exact { registry, repository, tag, digest } => {
            assert!(repository.len() <= image::REPOSITORY_MAX && !repository.is_empty());
            assert!(tag.as_ref().is_none_or(|tag| tag.len() <= image::TAG_MAX));
            let tag = tag.as_ref().map_or(String::new(), |tag| format!(":{tag}"));
            let digest = digest.as_ref().map_or(String::new(), |digest| format!("@{digest}"));
            let written = format!("{registry}/{repository}{tag}{digest}");
            assert_eq!(image::parse(&written), read, "{text:?} became {written:?}");
        }
    }
}
