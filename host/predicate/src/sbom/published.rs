//! The published schemas of SBOM formats, as they came (`schemas/README.md`), each compiled when the first document needs it.

use std::sync::LazyLock;

use crate::Schema;

/// Names that the schemas of CycloneDX call by, relative to their own address.
const BESIDE: [(&str, &str); 3] = [
    (
        "http://cyclonedx.org/schema/spdx.SNAPSHOT.schema.json",
        include_str!("../../schemas/cyclonedx/spdx.SNAPSHOT.schema.json"),
    ),
    (
        "http://cyclonedx.org/schema/jsf-0.82.SNAPSHOT.schema.json",
        include_str!("../../schemas/cyclonedx/jsf-0.82.SNAPSHOT.schema.json"),
    ),
    (
        "http://cyclonedx.org/schema/cryptography-defs.SNAPSHOT.schema.json",
        include_str!("../../schemas/cyclonedx/cryptography-defs.SNAPSHOT.schema.json"),
    ),
];

macro_rules! published {
    ($name:ident, $file:literal) => {
        static $name: LazyLock<Schema> = LazyLock::new(|| {
            Schema::compile(include_str!(concat!("../../schemas/", $file)), &BESIDE)
                .expect("the digests of the schemas and that they compile are tested")
        });
    };
}

published!(CYCLONEDX_1_2, "cyclonedx/bom-1.2.SNAPSHOT.schema.json");
published!(CYCLONEDX_1_3, "cyclonedx/bom-1.3.SNAPSHOT.schema.json");
published!(CYCLONEDX_1_4, "cyclonedx/bom-1.4.SNAPSHOT.schema.json");
published!(CYCLONEDX_1_5, "cyclonedx/bom-1.5.SNAPSHOT.schema.json");
published!(CYCLONEDX_1_6, "cyclonedx/bom-1.6.SNAPSHOT.schema.json");
published!(CYCLONEDX_1_7, "cyclonedx/bom-1.7.SNAPSHOT.schema.json");
published!(SPDX_2_3, "spdx/spdx_2_3.json");

/// The schema of a version of CycloneDX; none for a version that nobody has published as JSON.
pub fn cyclonedx(version: &str) -> Option<&'static Schema> {
    Some(match version {
        "1.2" => &CYCLONEDX_1_2,
        "1.3" => &CYCLONEDX_1_3,
        "1.4" => &CYCLONEDX_1_4,
        "1.5" => &CYCLONEDX_1_5,
        "1.6" => &CYCLONEDX_1_6,
        "1.7" => &CYCLONEDX_1_7,
        _ => return None,
    })
}

/// The schema of SPDX 2.3, which judges 2.2 too: the later one only allows more, and what 2.2 asks besides is asked by
/// `spdx2`.
pub fn spdx2() -> &'static Schema {
    &SPDX_2_3
}
